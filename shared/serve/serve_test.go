package serve

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestHTTPFinishesWhatItBegan(t *testing.T) {
	addr := freeAddr(t)
	ctx, stop := context.WithCancel(t.Context())
	begun, finish := make(chan bool), make(chan bool)
	rested := make(chan bool, 10)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(begun)
			<-finish
		}
		fmt.Fprint(w, "done")
	})
	ended := make(chan error, 1)
	go func() { ended <- HTTP(ctx, addr, handler, func() { rested <- true }) }()

	if got := eventually(t, "http://"+addr+"/healthz"); got != "ok\n" {
		t.Errorf("/healthz answers %q", got)
	}
	if got := eventually(t, "http://"+addr+"/"); got != "done" {
		t.Errorf("/ answers %q", got)
	}
	<-rested // once requests have ceased

	slow := make(chan string, 1)
	go func() { slow <- eventually(t, "http://"+addr+"/slow") }()
	<-begun
	stop()
	for refused := false; !refused; { // new connections, while the request goes on
		conn, err := net.Dial("tcp", addr)
		if refused = err != nil; !refused {
			conn.Close()
		}
	}
	close(finish)
	if got := <-slow; got != "done" {
		t.Errorf("the request under way got %q", got)
	}
	if err := <-ended; err != nil {
		t.Errorf("HTTP returns %v", err)
	}
}

func TestHTTPSaysWhatToDoAboutATakenAddress(t *testing.T) {
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	addr := listener.Addr().String()
	err = HTTP(t.Context(), addr, nil, nil)
	if _, config := err.(configError); !config || !strings.Contains(err.Error(), addr) || !strings.Contains(err.Error(), "LISTEN_ADDR") {
		t.Errorf("%T: %v; want a configError with the address and LISTEN_ADDR", err, err)
	}
}

func TestEnv(t *testing.T) {
	t.Setenv("THINK_DELAY", "fast")
	t.Setenv("THINKER_URL", "localhost:5001")
	env := &Env{}
	env.Duration("THINK_DELAY", "500ms", "")
	env.URL("THINKER_URL", "http://localhost:5001", "")
	want := `THINK_DELAY="fast" is not a duration such as 500ms; THINKER_URL="localhost:5001" is not a URL such as http://localhost:5001; see --help`
	if err := env.Check("localhost:5000"); err != configError(want) {
		t.Errorf("Check: %v, want %s", err, want)
	}

	t.Setenv("THINK_DELAY", "-1s")
	env = &Env{}
	if env.Duration("THINK_DELAY", "500ms", ""); env.Check("") == nil {
		t.Error("a delay below zero is accepted")
	}

	t.Setenv("THINK_DELAY", "")
	t.Setenv("THINKER_URL", "https://thinker/base/")
	env = &Env{}
	if d, u := env.Duration("THINK_DELAY", "500ms", ""), env.URL("THINKER_URL", "", ""); d.String() != "500ms" || u != "https://thinker/base" {
		t.Errorf("read %v and %s", d, u)
	}
	if err := env.Check("localhost:5000"); err != nil {
		t.Error(err)
	}
	env.args = "--port 3"
	if _, config := env.Check("localhost:5000").(configError); !config {
		t.Error("unknown arguments are accepted")
	}
}

// eventually asks until there is an answer, and returns it.
func eventually(t *testing.T, url string) string {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for tick := time.Tick(5 * time.Millisecond); ; <-tick {
		resp, err := http.Get(url)
		if err != nil {
			if ctx.Err() != nil {
				return err.Error()
			}
			continue
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return string(body)
	}
}

func freeAddr(t *testing.T) string {
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
