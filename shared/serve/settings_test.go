package serve

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestMain is also a service that prints its settings, since Parse may end the program.
func TestMain(m *testing.M) {
	if os.Getenv("PRINT_SETTINGS") == "" {
		os.Exit(m.Run())
	}
	flags := flag.NewFlagSet("service", flag.ExitOnError)
	delay := flags.Duration("think-delay", 500*time.Millisecond, "how long a thought takes")
	url := flags.String("thinker-url", "http://localhost:5001", "URL of the thinker")
	addr := flags.String("listen-addr", "localhost:5000", "address to listen on")
	database := flags.String("database", "thoughts.db", "file")
	Parse(flags)
	fmt.Println(*delay, *url, *addr, *database)
}

func TestParse(t *testing.T) {
	healthy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" {
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer healthy.Close()
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()

	for _, c := range []struct {
		environment, arguments string
		status                 int
		output                 string // its first line
	}{
		{"", "", 0, "500ms http://localhost:5001 localhost:5000 thoughts.db"},
		{"THINK_DELAY=1s THINKER_URL=https://thinker/base LISTEN_ADDR=:80 DATABASE=x.db", "", 0, "1s https://thinker/base :80 x.db"},
		{"THINK_DELAY=1s DATABASE=x.db", "--think-delay 0s -database y.db", 0, "0s http://localhost:5001 localhost:5000 y.db"},
		{"", "--help", 0, "Usage of service:"},
		{"THINK_DELAY=fast", "", 2, `invalid value "fast" for flag -think-delay: parse error`},
		{"THINK_DELAY=-1s", "", 2, `invalid value "-1s" for flag -think-delay: use a value such as 500ms`},
		{"THINKER_URL=localhost:5001", "", 2, `invalid value "localhost:5001" for flag -thinker-url: use a value such as http://localhost:5001`},
		{"THINKER_URL=http://x?y=z", "", 2, `invalid value "http://x?y=z" for flag -thinker-url: use a value such as http://localhost:5001`},
		{"THINKER_URL=http://x/", "", 2, `invalid value "http://x/" for flag -thinker-url: use a value such as http://localhost:5001`},
		{"LISTEN_ADDR=5000", "", 2, `invalid value "5000" for flag -listen-addr: use a value such as localhost:5000`},
		{"LISTEN_ADDR=redis://x", "", 2, `invalid value "redis://x" for flag -listen-addr: use a value such as localhost:5000`},
		{"LISTEN_ADDR=localhost:", "", 2, `invalid value "localhost:" for flag -listen-addr: use a value such as localhost:5000`},
		{"", "--port 3", 2, `flag provided but not defined: -port`},
		{"", "war", 2, `unknown argument "war"; --help lists the flags`},
		{"LISTEN_ADDR=" + healthy.Listener.Addr().String(), "--healthcheck", 0, ""},
		{"LISTEN_ADDR=" + other.Listener.Addr().String(), "--healthcheck", 1, "/healthz responded 404 Not Found"},
	} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], strings.Fields(c.arguments)...)
		cmd.Env = append(strings.Fields(c.environment), "PRINT_SETTINGS=1")
		output, _ := cmd.CombinedOutput()
		first, _, _ := strings.Cut(string(output), "\n")
		if status := cmd.ProcessState.ExitCode(); status != c.status || first != c.output {
			t.Errorf("%s service %s: status %d, %s\nwant %d, %s", c.environment, c.arguments, status, output, c.status, c.output)
		}
	}
}
