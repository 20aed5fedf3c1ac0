package serve_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"thinker/shared/serve"
)

// TestMain is also a service that prints its settings, since Parse may end the program.
func TestMain(m *testing.M) {
	if os.Getenv("PRINT_SETTINGS") == "" {
		os.Exit(m.Run())
	}
	flags := flag.NewFlagSet("service", flag.ExitOnError)
	delay := flags.Duration("think-delay", time.Second, "how long a thought takes")
	url := flags.String("thinker-url", "http://localhost:5001", "URL of the thinker")
	addr := flags.String("listen-addr", "localhost:5000", "address to listen on")
	serve.Parse(flags)
	fmt.Println(*delay, *url, *addr)
}

func TestParse(t *testing.T) {
	healthy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer healthy.Close()
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	invalid := func(value, name, use string) string {
		return fmt.Sprintf("invalid value %q for flag -%s: use a value such as %s", value, name, use)
	}
	for _, c := range []struct {
		environment, arguments string
		status                 int
		firstLine              string
	}{
		{"", "", 0, "1s http://localhost:5001 localhost:5000"},
		{"THINK_DELAY=2s THINKER_URL=https://thinker/base LISTEN_ADDR=:80", "", 0, "2s https://thinker/base :80"},
		{"THINK_DELAY=2s", "--think-delay 0s", 0, "0s http://localhost:5001 localhost:5000"},
		{"", "--help", 0, "Usage of service:"},
		{"THINK_DELAY=fast", "", 2, `invalid value "fast" for flag -think-delay: parse error`},
		{"THINK_DELAY=-1s", "", 2, invalid("-1s", "think-delay", "1s")},
		{"THINKER_URL=localhost:5001", "", 2, invalid("localhost:5001", "thinker-url", "http://localhost:5001")},
		{"THINKER_URL=http://x?y=z", "", 2, invalid("http://x?y=z", "thinker-url", "http://localhost:5001")},
		{"LISTEN_ADDR=5000", "", 2, invalid("5000", "listen-addr", "localhost:5000")},
		{"LISTEN_ADDR=redis://x", "", 2, invalid("redis://x", "listen-addr", "localhost:5000")},
		{"LISTEN_ADDR=localhost:", "", 2, invalid("localhost:", "listen-addr", "localhost:5000")},
		{"", "war", 2, `unknown argument "war"; --help lists the flags`},
		{"LISTEN_ADDR=" + healthy.Listener.Addr().String(), "--healthcheck", 0, ""},
		{"LISTEN_ADDR=" + other.Listener.Addr().String(), "--healthcheck", 1, "/healthz responded 404 Not Found"},
	} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], strings.Fields(c.arguments)...)
		cmd.Env = append(strings.Fields(c.environment), "PRINT_SETTINGS=1")
		output, _ := cmd.CombinedOutput()
		first, _, _ := strings.Cut(string(output), "\n")
		if status := cmd.ProcessState.ExitCode(); status != c.status || first != c.firstLine {
			t.Errorf("%s service %s: status %d, %s\nwant %d, %s",
				c.environment, c.arguments, status, output, c.status, c.firstLine)
		}
	}
}

func TestHTTP_FinishesOpenRequests(t *testing.T) {
	reserved := httptest.NewServer(nil)
	addr := reserved.Listener.Addr().String()
	if err := serve.HTTP(t.Context(), addr, nil, nil); err == nil || !strings.Contains(err.Error(), "--listen-addr") {
		t.Errorf("an address in use: %v, want an error with --listen-addr", err)
	}
	reserved.Close()

	ctx, stop := context.WithCancel(t.Context())
	started, finish, flushed := make(chan bool), make(chan bool), make(chan bool, 10)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(started)
			<-finish
		}
		fmt.Fprint(w, "done")
	})
	ended := make(chan error, 1)
	go func() { ended <- serve.HTTP(ctx, addr, handler, func() { flushed <- true }) }()
	for body := ""; body != "ok\n"; body = get("http://" + addr + "/healthz") {
		if t.Context().Err() != nil {
			t.Fatal("the service isn't healthy")
		}
	}
	get("http://" + addr)
	<-flushed // once no request has ended for a while
	slow := make(chan string, 1)
	go func() { slow <- get("http://" + addr + "/slow") }()
	<-started
	stop()
	for get("http://"+addr+"/healthz") != "" { // until it refuses connections
	}
	close(finish)
	if body, err := <-slow, <-ended; body != "done" || err != nil {
		t.Errorf("the open request got %q; HTTP returned %v", body, err)
	}
}

// get returns the body of a response, or nothing if there is none.
func get(url string) string {
	response, err := http.Get(url)
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	return string(body)
}

func TestSubjects(t *testing.T) {
	many := strings.Repeat("subject=war&", 20)
	var seventeen strings.Builder
	for i := range 17 {
		fmt.Fprintf(&seventeen, "subject=s%d&", i)
	}
	for query, want := range map[string]string{
		"subject=work&subject=war&other=x":   "[work war] ",
		many + "&&&":                         "[war] ",
		"subject=" + strings.Repeat("é", 64): "[" + strings.Repeat("é", 64) + "] ",
		"":                                   "[] a request needs 1 to 16 subjects",
		seventeen.String():                   "[] a request needs 1 to 16 subjects",
		"subject=war&subject=":               "[] a subject has 1 to 64 characters",
		"subject=" + strings.Repeat("x", 65): "[] a subject has 1 to 64 characters",
		"subject=%ff":                        "[] a subject has 1 to 64 characters",
		"subject=%zz":                        "[] invalid URL escape",
		"subject=war;subject=work":           "[] invalid semicolon",
	} {
		subjects, err := serve.Subjects(httptest.NewRequest("GET", "/think/?"+query, nil))
		got := fmt.Sprint(subjects, " ")
		if err != nil {
			got += err.Error()
			if err.(*serve.Error).Status != 400 || !strings.Contains(got, "for example /think/?subject=war; the known subjects") {
				t.Errorf("%q: %v", query, err)
			}
		}
		if got != want && (err == nil || !strings.HasPrefix(got, want)) {
			t.Errorf("%q: %q, want %q", query, got, want)
		}
	}
}

func TestRespond(t *testing.T) {
	refusal := &serve.Error{Status: 502, Message: "no"}
	for _, c := range []struct {
		err    error
		status int
		body   string
	}{
		{nil, 200, `{"n":1}`},
		{fmt.Errorf("wrapped: %w", refusal), 502, `{"error":"no"}`},
		{fmt.Errorf("wrapped: %w", context.Canceled), 499, `{"error":"the request was cancelled"}`},
		{errors.New("a secret"), 500, `{"error":"internal error; the service's log has the details"}`},
	} {
		w := httptest.NewRecorder()
		status := serve.Respond(w, map[string]int{"n": 1}, c.err)
		body := strings.TrimSpace(w.Body.String())
		if status != c.status || w.Code != c.status || body != c.body || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%v: status %d, written %d, %s", c.err, status, w.Code, body)
		}
	}
}

func TestFetch(t *testing.T) {
	release := make(chan bool)
	respond := map[string]http.HandlerFunc{
		"/good": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"war": {}}`) },
		"/html": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `<html>`) },
		"/null": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `null`) },
		"/huge": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, `{"x": "%02097152d"}`, 0) },
		"/busy": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "too busy", http.StatusServiceUnavailable) },
		"/cut": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9")
			fmt.Fprint(w, "{")
		},
		"/slow":     func(http.ResponseWriter, *http.Request) { <-release },
		"/slowbody": func(w http.ResponseWriter, _ *http.Request) { w.(http.Flusher).Flush(); <-release },
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { respond[r.URL.Path](w, r) }))
	defer server.Close()
	defer close(release)
	down := httptest.NewServer(nil)
	down.Close()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		ctx       context.Context
		url, want string
	}{
		{t.Context(), server.URL + "/good", `{"war": {}}`},
		{t.Context(), server.URL + "/html", "502 HOST didn't respond with a JSON object"},
		{t.Context(), server.URL + "/null", "502 HOST didn't respond with a JSON object"},
		{t.Context(), server.URL + "/huge", "502 HOST didn't respond with a JSON object"},
		{t.Context(), server.URL + "/busy", "502 HOST responded 503 Service Unavailable: too busy\n"},
		{t.Context(), server.URL + "/cut", "502 HOST didn't respond: unexpected EOF"},
		{t.Context(), server.URL + "/slow", "504 HOST didn't respond within 100ms"},
		{t.Context(), server.URL + "/slowbody", "504 HOST didn't respond within 100ms"},
		{t.Context(), down.URL, "502 HOST didn't respond: Get "},
		{cancelled, server.URL + "/slow", "context canceled"},
	} {
		client := &http.Client{}
		if strings.Contains(c.url, "/slow") {
			client.Timeout = 100 * time.Millisecond
		}
		request, err := http.NewRequestWithContext(c.ctx, "GET", c.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := serve.Fetch(client, request)
		got := string(body)
		if refusal, ok := errors.AsType[*serve.Error](err); ok {
			got = strings.Replace(fmt.Sprint(refusal.Status, " ", err), request.URL.Host, "HOST", 1)
		} else if err != nil {
			got = err.Error()
		}
		if got != c.want && (c.url != down.URL || !strings.HasPrefix(got, c.want)) {
			t.Errorf("%s: %q, want %q", c.url, got, c.want)
		}
	}
}
