package runner_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/need"
	"thinker/shared/workshop/runner"
)

// TestWorkshop_Save saves new code while requests arrive. The old code responds until the new
// code takes over, and no request fails.
func TestWorkshop_Save(t *testing.T) {
	t.Parallel()
	w := open(t, copyOf(t, 2))
	first := w.until(healthy)
	w.answers("Agatha Christie")

	w.save("thinker/memory.go", "Agatha Christie", "Nobody")
	ctx := need.Context(t)
	for old := true; old; {
		status, answer := w.think("war")
		if status != http.StatusOK {
			t.Fatalf("meanwhile the api answers %d %s", status, answer)
		}
		old = strings.Contains(answer, "Agatha Christie")
		if state := w.State(); old && (failed(state) || ctx.Err() != nil) {
			t.Fatalf("the saved code does not respond: %+v", state)
		}
	}
	w.until(replaces(first))
	w.answers("Nobody")
}

// TestWorkshop_SaveOldConnections checks that once the new code is healthy, only it responds,
// even on connections opened before.
func TestWorkshop_SaveOldConnections(t *testing.T) {
	t.Parallel()
	w := open(t, copyOf(t, 1))
	state := w.until(healthy)
	for _, next := range []string{"A", "B", "C"} {
		w.answers("war")
		w.save("thinker/memory.go", "Agatha Christie", "Agatha Christie "+next)
		state = w.until(replaces(state))
		w.answers("Agatha Christie " + next)
	}
}

// TestWorkshop_SavePendingRequest replaces a service while a request is pending.
func TestWorkshop_SavePendingRequest(t *testing.T) { // not parallel: the api waits 10 s at most
	w := open(t, copyOf(t, 2))
	step := w.until(healthy)
	begun, proceed := w.holdRequests()
	w.until(replaces(step))

	type reply struct {
		status int
		answer string
	}
	late := make(chan reply)
	go func() {
		status, answer := w.think("work")
		late <- reply{status, answer}
	}()
	<-begun
	before := w.State()
	w.save("thinker/memory.go", "Agatha Christie", "Nobody")
	w.until(replaces(before))
	w.answers("Nobody") // while the old process still has a request
	select {
	case r := <-late:
		t.Fatalf("the pending request ended early with %d %s", r.status, r.answer)
	default:
	}
	proceed()
	if r := <-late; r.status != http.StatusOK || !strings.Contains(r.answer, `"author"`) {
		t.Errorf("the pending request ended with %d %s", r.status, r.answer)
	}
}

// TestWorkshop_SaveWhileBuilding saves twice. The second version must run.
func TestWorkshop_SaveWhileBuilding(t *testing.T) {
	t.Parallel()
	w := open(t, copyOf(t, 1))
	w.until(healthy)
	var again sync.Once
	w.building = func() {
		again.Do(func() { w.save("thinker/memory.go", "Nobody", "Somebody") })
	}
	w.save("thinker/memory.go", "Agatha Christie", "Nobody")
	w.untilAnswered("Somebody")
}

// TestWorkshop_CompileError checks that the compiler's message is reported, and that the running
// code stays.
func TestWorkshop_CompileError(t *testing.T) {
	t.Parallel()
	w := open(t, copyOf(t, 2))
	first := w.until(healthy)
	w.save("api/main.go", "func main() {", "func main() { undefined()")
	state := w.until(failed)
	if want := "main.go:19:15: undefined: undefined"; !strings.Contains(state.Error, want) {
		t.Errorf("it says %q without %q", state.Error, want)
	}
	if state.Serving != w.target {
		t.Errorf("what answers is %+v", state.Serving)
	}
	w.answers("Agatha Christie")

	w.save("api/main.go", "func main() { undefined()", "func main() {")
	if state := w.until(healthy); state.Since != first.Since {
		t.Error("what had not changed was started again")
	}
	w.answers("Agatha Christie")
}

// TestWorkshop_DoesNotStart saves code that compiles but fails at the start.
func TestWorkshop_DoesNotStart(t *testing.T) {
	t.Parallel()
	w := open(t, copyOf(t, 2))
	w.until(healthy)
	w.save("api/main.go", "func run(ctx context.Context, flags *flag.FlagSet) error {",
		`func run(ctx context.Context, flags *flag.FlagSet) error {
	if true { return context.Canceled }`)
	state := w.until(failed)
	for _, want := range []string{"api stopped unexpectedly (exit status 1)", "thinker-api: context canceled"} {
		if !strings.Contains(state.Error, want) {
			t.Errorf("it says %q without %q", state.Error, want)
		}
	}
	w.answers("Agatha Christie")
}

// TestWorkshop_ServiceDies kills a service, then restarts it.
func TestWorkshop_ServiceDies(t *testing.T) {
	t.Parallel()
	w := open(t, copyOf(t, 2))
	step := w.until(healthy)
	w.holdRequests()
	w.until(replaces(step))

	w.think("mankind") // which it does not survive
	state := w.until(failed)
	if want := "thinker stopped unexpectedly (exit status 3)"; !strings.Contains(state.Error, want) ||
		state.Serving.Step != 0 {
		t.Errorf("it says %q, and that %+v answers; want %q, and nothing", state.Error, state.Serving, want)
	}
	if status, answer := w.think("war"); status != http.StatusBadGateway || !strings.Contains(answer, "502") {
		t.Errorf("then the api answers %d %s", status, answer)
	}
	w.Restart()
	w.until(healthy)
	w.answers("Agatha Christie")
}

// TestWorkshop_FirstBuildFails checks that requests get the reason as a response.
func TestWorkshop_FirstBuildFails(t *testing.T) {
	t.Parallel()
	target := copyOf(t, 2)
	checkout.Edit(t, filepath.Join(target.Dir, "thinker", "main.go"), "func main() {", "func main() { undefined()")
	w := open(t, target)
	w.until(failed)
	if status, answer := w.think("war"); status != http.StatusBadGateway ||
		!strings.Contains(answer, "undefined: undefined") {
		t.Errorf("the api answers %d %s", status, answer)
	}
	w.save("thinker/main.go", "func main() { undefined()", "func main() {")
	w.until(healthy)
	w.answers("Agatha Christie")
}

// TestWorkshop_Run switches steps while requests arrive. None fails, and step 5 gets a Redis.
func TestWorkshop_Run(t *testing.T) {
	t.Parallel()
	w := open(t, runner.Target{Step: 1})
	w.until(healthy)
	next := runner.Target{Step: 5}
	w.Run(next)
	if state := w.State(); state.Target != next || state.Phase == runner.Healthy || state.Serving.Step != 1 {
		t.Errorf("at once, the state is %+v", state)
	}
	for w.State().Serving != next {
		if status, answer := w.think("war"); status != http.StatusOK {
			t.Fatalf("meanwhile the api answers %d %s", status, answer)
		}
	}
	w.until(healthy)
	if _, answer := w.think("war"); !strings.Contains(answer, `"subject":"war"`) { // from the database
		t.Errorf("step 5 answers %s", answer)
	}
}

// TestWorkshop_Restart checks that the processes are new, although the code is the same.
func TestWorkshop_Restart(t *testing.T) {
	t.Parallel()
	w := open(t, runner.Target{Step: 1})
	first := w.until(healthy)
	w.Restart()
	w.until(replaces(first))
	w.answers("Agatha Christie")
}

// TestWorkshop_Close closes a workshop at various moments. Nothing may still listen.
func TestWorkshop_Close(t *testing.T) {
	for name, moment := range map[string]func(runner.State) bool{
		"building": func(s runner.State) bool { return s.Phase == runner.Building },
		"starting": func(s runner.State) bool { return s.Phase == runner.Starting },
		"healthy":  healthy,
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t, runner.Target{Step: 2})
			w.until(moment)
			if err := w.Close(); err != nil {
				t.Error(err)
			}
			for _, port := range []int{w.Ports().API, w.Ports().Thinker, w.Ports().Agent} {
				if runner.Taken(port) {
					t.Errorf("something still listens on port %d", port)
				}
			}
		})
	}
}

// TestOpen_PortInUse checks that Open leaves nothing running if a port is in use.
func TestOpen_PortInUse(t *testing.T) {
	t.Parallel()
	ports := runner.Ports{API: need.Port(t), Thinker: need.Port(t)}
	ports.Agent = open(t, runner.Target{Step: 1}).Ports().Agent
	_, err := runner.Open(need.Context(t),
		runner.Options{Target: runner.Target{Step: 1}, Ports: ports, Dir: t.TempDir(), Log: func(string, string) {}})
	if !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), fmt.Sprint(ports.Agent)) {
		t.Errorf("it says %v", err)
	}
	// While a program starts, as go build does in the first workshop, it holds all
	// sockets for a moment.
	ctx := need.Context(t)
	for runner.Taken(ports.API) || runner.Taken(ports.Thinker) {
		if ctx.Err() != nil {
			t.Fatal("something still listens on the other ports")
		}
	}
}

// A workshop is a running workshop of a test.
type workshop struct {
	*runner.Workshop
	t        *testing.T
	target   runner.Target
	building func() // is called for each package that is built
}

// open runs a target on free ports until the test ends.
func open(t *testing.T, target runner.Target) *workshop {
	t.Helper()
	root := checkout.Root(t)
	var err error
	w := &workshop{t: t, target: target, building: func() {}}
	w.Workshop, err = runner.Open(need.Context(t), runner.Options{
		Root: root, Target: target, Dir: t.TempDir(),
		Ports:    runner.Ports{API: need.Port(t), Thinker: need.Port(t), Agent: need.Port(t)},
		Env:      []string{"THINK_DELAY=20ms"},
		Building: func(string) { w.building() },
		Log:      func(service, line string) { t.Logf("%s: %s", service, line) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// copyOf makes a copy of a step's code.
func copyOf(t *testing.T, step int) runner.Target {
	t.Helper()
	root := checkout.Root(t)
	dir := filepath.Join(t.TempDir(), fmt.Sprintf("try0%d", step))
	checkout.Copy(t, filepath.Join(root, runner.StepName(step)), dir)
	target := runner.Target{Step: step, Dir: dir}
	checkout.UseShared(t, dir, root)
	return target
}

// save changes a file of the copy.
func (w *workshop) save(file, old, new string) {
	w.t.Helper()
	checkout.Edit(w.t, filepath.Join(w.target.Dir, file), old, new)
}

// until waits for a state.
func (w *workshop) until(is func(runner.State) bool) runner.State {
	w.t.Helper()
	ctx := need.Context(w.t)
	changed := w.Changed(ctx)
	for {
		if state := w.State(); is(state) {
			return state
		}
		if _, open := <-changed; !open {
			w.t.Fatalf("the state stays %+v", w.State())
		}
	}
}

func healthy(s runner.State) bool { return s.Phase == runner.Healthy }
func failed(s runner.State) bool  { return s.Phase == runner.Failed }

// replaces returns a condition: newer code is running than in the old state.
func replaces(old runner.State) func(runner.State) bool {
	return func(s runner.State) bool { return healthy(s) && s.Since.After(old.Since) }
}

// think sends the api a request, on a connection that the next one reuses.
func (w *workshop) think(subject string) (status int, answer string) {
	resp, err := http.Get(fmt.Sprintf("http://localhost:%d/think/?subject=%s", w.Ports().API, subject))
	if err != nil {
		w.t.Error(err)
		return 0, ""
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Error(err)
	}
	return resp.StatusCode, string(body)
}

// answers fails the test unless the response about war contains a text.
func (w *workshop) answers(want string) {
	w.t.Helper()
	if status, answer := w.think("war"); status != http.StatusOK || !strings.Contains(answer, want) {
		w.t.Errorf("the api responds %d %s, want %q", status, answer, want)
	}
}

// untilAnswered repeats the request until the response about war contains a text.
func (w *workshop) untilAnswered(want string) {
	w.t.Helper()
	for ctx := need.Context(w.t); ; {
		_, answer := w.think("war")
		if strings.Contains(answer, want) {
			return
		} else if ctx.Err() != nil {
			w.t.Fatalf("the api still responds %s", answer)
		}
	}
}

// holdRequests changes the microservice. A request about work waits until proceed is called;
// begun is closed once it waits. A request about mankind ends the microservice.
func (w *workshop) holdRequests() (begun <-chan struct{}, proceed func()) {
	w.t.Helper()
	waits, gate := make(chan struct{}), make(chan struct{})
	gatekeeper := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(waits)
		select {
		case <-gate:
		case <-r.Context().Done():
		}
	}))
	w.t.Cleanup(gatekeeper.Close)
	text := fmt.Sprintf(`package main

import (
	"net/http"
	"os"
)

func special(subject string) {
	switch subject {
	case "work":
		http.Get(%q)
	case "mankind":
		os.Exit(3)
	}
}
`, gatekeeper.URL)
	if err := os.WriteFile(filepath.Join(w.target.Dir, "thinker", "special.go"), []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
	w.save("thinker/memory.go", "found, ok := thoughts[subject]", "special(subject)\n\tfound, ok := thoughts[subject]")
	return waits, func() { close(gate) }
}
