package doctor_test

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"thinker/shared/apm/agent"
	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/client"
	"thinker/shared/workshop/doctor"
	"thinker/shared/workshop/need"
	"thinker/shared/workshop/runner"
)

// A world is a real agent and the real services of a step, which a test may stop.
type world struct {
	t              *testing.T
	agent          *agent.Agent
	thinker        *runner.Process
	apiAt, thinkAt string // host:port
	options        doctor.Options
	thinkerHas     []string // settings of the thinker alone
}

// A fault changes a world before it is examined.
type fault struct {
	name  string
	setUp func(w *world)
}

// TestMain lets more tests run side by side than there are processors: most of them
// wait for traces that don't arrive.
func TestMain(m *testing.M) {
	flag.Parse()
	flag.Set("test.parallel", "12")
	dir, err := os.MkdirTemp("", "doctor-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	built = filepath.Join(dir, "bin")
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// built is the directory of the steps that the tests run.
var built string

var (
	step1 = sync.OnceValues(func() (runner.Binaries, error) { return build(1) })
	step5 = sync.OnceValues(func() (runner.Binaries, error) { return build(5) })
)

func build(step int) (runner.Binaries, error) {
	root, err := runner.FindRoot(".")
	if err != nil {
		return runner.Binaries{}, err
	}
	return runner.Build(context.Background(), root, built, runner.Target{Step: step}, false, func(string) {})
}

func TestExamine_Faults(t *testing.T) {
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			f.setUp(w)
			checkout.Compare(t, "testdata/"+f.name+".txt", w.diagnosis(doctor.Examine(need.Context(t), w.options)))
		})
	}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		t: t, agent: startAgent(t, agent.Config{}),
		apiAt: fmt.Sprintf("localhost:%d", need.Port(t)), thinkAt: fmt.Sprintf("localhost:%d", need.Port(t)),
	}
	w.options = doctor.Options{
		Client:  &client.Client{API: "http://" + w.apiAt, Agent: w.agent.URL(), Pages: w.agent.URL()},
		Thinker: "http://" + w.thinkAt,
		Up:      "workshop up",
		Env:     []string{"DD_TRACE_AGENT_URL=" + w.agent.URL()},
		Socket:  filepath.Join(t.TempDir(), "none"),
		Probe:   true,
	}
	return w
}

// startAgent starts an agent on a port that stays free when it is closed.
func startAgent(t *testing.T, config agent.Config) *agent.Agent {
	t.Helper()
	config.Addr = fmt.Sprintf("localhost:%d", need.Port(t))
	a, err := agent.Start(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close(context.WithoutCancel(t.Context())) })
	return a
}

// start runs the services of a step with additional settings.
func (w *world) start(step int, settings ...string) {
	w.t.Helper()
	env := append(clean(), w.agent.Env()...)
	env = append(env, "THINK_DELAY=1ms", "THINKER_URL=http://"+w.thinkAt,
		"DATABASE="+filepath.Join(w.t.TempDir(), "thoughts.db"))
	env = append(env, settings...)
	run := func(name, binary, at string, more ...string) *runner.Process {
		p, err := runner.Start(need.Context(w.t), runner.Service{
			Name: name, Binary: binary, Addr: at, Env: append(slices.Clone(env), more...), Log: func(string) {},
		})
		if err != nil {
			w.t.Fatal(err)
		}
		w.t.Cleanup(func() { p.Stop() })
		return p
	}
	binaries, err := map[int]func() (runner.Binaries, error){1: step1, 5: step5}[step]()
	if err != nil {
		w.t.Fatal(err)
	}
	w.thinker = run("thinker", binaries.Thinker, w.thinkAt, w.thinkerHas...)
	run("api", binaries.API, w.apiAt)
}

// clean returns this process's environment without DD_ variables.
func clean() (env []string) {
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "DD_") && !strings.HasPrefix(entry, "OTEL_") && !strings.HasPrefix(entry, "REDIS_ADDR") {
			env = append(env, entry)
		}
	}
	return env
}

// occupy starts another program on a service's port.
func (w *world) occupy(at string, answer http.HandlerFunc) {
	w.t.Helper()
	listener, err := net.Listen("tcp", at)
	if err != nil {
		w.t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: answer}}
	server.Start()
	w.t.Cleanup(server.Close)
}

// diagnosis formats the results, without the parts that differ from run to run.
func (w *world) diagnosis(checks []doctor.Check) string {
	var out strings.Builder
	for _, link := range checks {
		fmt.Fprintf(&out, "%-7s %s: %s\n", link.State, link.Name, link.Says)
		if link.Next != "" {
			fmt.Fprintf(&out, "        → %s\n", link.Next)
		}
		if (link.State == doctor.Failed) != (link.Next != "") {
			w.t.Errorf("only a failed check says what to do: %+v", link)
		}
	}
	text := out.String()
	for at, name := range map[string]string{
		w.apiAt: "localhost:5000", w.thinkAt: "localhost:5001",
		strings.TrimPrefix(w.agent.URL(), "http://"): "localhost:8126",
		w.options.Root: "ROOT", w.options.Socket: "SOCKET",
	} {
		if at != "" {
			text = strings.ReplaceAll(text, at, name)
		}
	}
	for _, varies := range []struct{ pattern, with string }{
		{`process \d+`, "process N"}, {`\b[\d.]+ (ms|µs|s)\b`, "N ms"}, {`looks \d+ h( \d+ min)?`, "looks N h"},
		{`/trace/\d+`, "/trace/ID"}, {`localhost:2\d{4}`, "localhost:PORT"}, {`--(\S+)-port \d+`, "--$1-port PORT"},
		{`\d+ requests have`, "N requests have"}, {`contained \d+ spans?`, "contained N spans"}, {`go1\.\S+`, "go1.N"},
		{`\[::1\]:`, "127.0.0.1:"}, {`127.0.0.1:\d{4,5}`, "127.0.0.1:PORT"},
	} {
		text = regexp.MustCompile(varies.pattern).ReplaceAllString(text, varies.with)
	}
	return text
}

func faults() []fault {
	return []fault{
		{"none", func(w *world) { w.start(1) }},
		{"nothing-runs", func(w *world) { w.agent.Close(need.Context(w.t)) }},
		{"tracing-off", func(w *world) { w.start(1, "DD_TRACE_ENABLED=false") }},
		{"tracing-off-by-otel", func(w *world) { w.start(1, "OTEL_TRACES_EXPORTER=none") }},
		{"lambda", func(w *world) { w.start(1, "AWS_LAMBDA_FUNCTION_NAME=mine") }},
		{"another-url", func(w *world) { w.start(1, "DD_TRACE_AGENT_URL=http://localhost:1") }},
		{"another-host", func(w *world) { w.start(1, "DD_TRACE_AGENT_URL=", "DD_AGENT_HOST=127.0.0.2") }},
		{"another-port", func(w *world) { w.start(1, "DD_TRACE_AGENT_URL=", "DD_TRACE_AGENT_PORT=2") }},
		{"another-agent", func(w *world) {
			w.start(1, "DD_TRACE_AGENT_URL="+startAgent(w.t, agent.Config{}).URL())
		}},
		{"sampled", func(w *world) {
			w.start(1, "DD_TRACE_SAMPLE_RATE=0", `DD_TRACE_SAMPLING_RULES=[{"sample_rate":0}]`, "DD_SERVICE=mine")
		}},
		{"renamed", func(w *world) { w.start(1, "DD_SERVICE_MAPPING=thinker-microservice:brain") }},
		{"renamed-by-tags", func(w *world) { w.start(1, "DD_TAGS=service.name:greeter,team:greetings") }},
		{"thinker-off", func(w *world) {
			w.thinkerHas = []string{"DD_TRACE_ENABLED=f"}
			w.start(1)
		}},
		{"propagation", func(w *world) { w.start(5, "DD_TRACE_PROPAGATION_STYLE=b3", "REDIS_ADDR="+need.Redis(w.t)) }},
		{"terminal", func(w *world) {
			w.options.Env = []string{"DD_TRACE_ENABLED=false", "DD_TRACE_AGENT_PORT=3"}
			w.start(1)
		}},
		{"terminal-alone", func(w *world) {
			w.options.Env, w.options.Probe = []string{"DD_TRACE_ENABLED=0", "DD_AGENT_HOST=127.0.0.2"}, false
		}},
		{"socket", func(w *world) {
			w.options.Env, w.options.Probe = nil, false
			w.options.Socket = filepath.Join(w.t.TempDir(), "apm.socket")
			startAgent(w.t, agent.Config{Socket: w.options.Socket})
		}},
		{"datadog-agent", func(w *world) {
			w.start(1)
			w.another(func(rw http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/info" {
					http.NotFound(rw, r)
					return
				}
				fmt.Fprint(rw, `{"version":"7.60.1","endpoints":["/v0.4/traces"],"client_drop_p0s":true}`)
			})
		}},
		{"another-program-as-agent", func(w *world) { w.start(1); w.another(http.NotFound) }},
		{"port-taken", func(w *world) { w.occupy(w.apiAt, http.NotFound) }},
		{"port-mute", func(w *world) {
			listener, err := net.Listen("tcp", w.thinkAt)
			if err != nil {
				w.t.Fatal(err)
			}
			w.t.Cleanup(func() { listener.Close() })
			go func() {
				for {
					conn, err := listener.Accept()
					if err != nil {
						return // the test has ended
					}
					conn.Close()
				}
			}()
		}},
		{"does-not-build", func(w *world) {
			w.occupy(w.apiAt, func(rw http.ResponseWriter, _ *http.Request) {
				http.Error(rw, "mine isn't running: mine does not build:\nmain.go:3: undefined: x",
					http.StatusBadGateway) // likewise
			})
		}},
		{"in-container", func(w *world) {
			w.options.Client.API, w.options.Thinker = "http://api:5000", ""
			w.options.Env = []string{"http_proxy=http://proxy:3128", "no_proxy=localhost,api,.agent", "DD_TRACE_ENABLED=false"}
		}},
		{"too-early", func(w *world) {
			w.occupy(w.apiAt, func(rw http.ResponseWriter, _ *http.Request) {
				http.Error(rw, "step02 is being built. Try again in a moment", http.StatusBadGateway) // as workshop up does
			})
		}},
		{"airplay", func(w *world) {
			w.occupy(w.apiAt, func(rw http.ResponseWriter, _ *http.Request) {
				rw.Header().Set("Server", "AirTunes/775.3.1")
				rw.WriteHeader(http.StatusForbidden)
			})
		}},
		{"services-swapped", func(w *world) {
			w.start(1)
			w.options.Client.API, w.options.Thinker = w.options.Thinker, w.options.Client.API
		}},
		{"thinker-stopped", func(w *world) { w.start(1); w.thinker.Stop() }},
		{"clock", func(w *world) { w.start(1); w.send(time.Now().Add(2*time.Hour), http.StatusOK) }},
		{"refused", func(w *world) { w.start(1); w.post("no spans", http.StatusBadRequest) }},
		{"redis", func(w *world) { w.start(5, "REDIS_ADDR=localhost:1") }},
		{"redis-well", func(w *world) { w.start(5, "REDIS_ADDR="+need.Redis(w.t)) }},
		{"redis-of-the-workshop", func(w *world) { w.start(5, "REDIS_ADDR="+miniredis.RunT(w.t).Addr()) }},
		{"proxy", func(w *world) { w.options.Env = append(w.options.Env, "http_proxy=http://proxy:3128"); w.start(1) }},
		{"proxy-left-out", func(w *world) {
			w.options.Env = append(w.options.Env,
				"http_proxy=http://proxy:3128", "HTTP_PROXY=http://proxy:3128", "NO_PROXY=example.org, localhost")
			w.start(1)
		}},
	}
}

// another makes the examination use another program as the agent.
func (w *world) another(answer http.HandlerFunc) {
	at := fmt.Sprintf("localhost:%d", need.Port(w.t))
	w.occupy(at, answer)
	w.options.Client.Agent = "http://" + at
}

// send sends a span of the api that started at a given time.
func (w *world) send(at time.Time, status int) {
	w.t.Helper()
	w.post(fmt.Sprintf(`[[{"trace_id":1,"span_id":1,"service":"thinker-api","name":"http.request","resource":"GET",`+
		`"start":%d,"duration":1000}]]`, at.UnixNano()), status)
}

func (w *world) post(body string, status int) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(need.Context(w.t), http.MethodPost, w.agent.URL()+"/v0.4/traces",
		strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != status {
		w.t.Fatalf("the agent answers %s", resp.Status)
	}
}
