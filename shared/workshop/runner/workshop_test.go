package runner_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"thinker/shared/workshop/need"
	"thinker/shared/workshop/runner"
)

// TestSave has saved code answer, and the old code until then.
func TestSave(t *testing.T) {
	w := open(t, copyOf(t, 2))
	w.until(healthy)
	first := w.State()

	w.save("thinker/thoughts.go", "Agatha Christie", "Nobody")
	for old := true; old; { // no request fails meanwhile
		old = strings.Contains(w.get("/think/?subject=war"), "Agatha Christie")
	}
	if got := w.get("/think/?subject=war"); !strings.Contains(got, "Nobody") {
		t.Errorf("then the api answers %s", got)
	}
	w.until(func(s runner.State) bool { return healthy(s) && s.Since.After(first.Since) })
}

var _ = []any{errors.Is, fmt.Sprint, net.Dial, syscall.EADDRINUSE, time.Second}

// A workshop is a running one of a copy of a step.
type workshop struct {
	*runner.Workshop
	t      *testing.T
	target runner.Target

	mu    sync.Mutex
	lines []string
}

// open runs a target on free ports until the test ends.
func open(t *testing.T, target runner.Target) *workshop {
	t.Helper()
	root, err := runner.FindRoot(".")
	if err != nil {
		t.Fatal(err)
	}
	w := &workshop{t: t, target: target}
	w.Workshop, err = runner.Open(t.Context(), runner.Options{
		Root: root, Target: target, Dir: t.TempDir(),
		Ports:    runner.Ports{API: need.Port(t), Thinker: need.Port(t), Agent: need.Port(t)},
		Env:      []string{"THINK_DELAY=20ms"},
		Building: func(string) {},
		Log:      w.log,
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

// copyOf is a copy of a step's code.
func copyOf(t *testing.T, step int) runner.Target {
	t.Helper()
	root, err := runner.FindRoot(".")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), fmt.Sprintf("try0%d", step))
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(root, runner.StepName(step)))); err != nil {
		t.Fatal(err)
	}
	target := runner.Target{Step: step, Dir: dir}
	edit(t, filepath.Join(dir, "go.mod"), "=> ../shared", "=> "+filepath.ToSlash(filepath.Join(root, "shared")))
	return target
}

func edit(t *testing.T, file, old, new string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), old, new, 1)
	if changed == string(text) {
		t.Fatalf("%s has no %q", file, old)
	}
	if err := os.WriteFile(file, []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
}

// save changes a file of the copy.
func (w *workshop) save(file, old, new string) {
	w.t.Helper()
	edit(w.t, filepath.Join(w.target.Dir, file), old, new)
}

// until waits for a state.
func (w *workshop) until(is func(runner.State) bool) runner.State {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*time.Minute)
	defer cancel()
	changed := w.Changed(ctx)
	for {
		if state := w.State(); is(state) {
			return state
		}
		if _, open := <-changed; !open {
			w.t.Fatalf("it stays in the state %+v", w.State())
		}
	}
}

func healthy(s runner.State) bool { return s.Phase == runner.Healthy }
func failed(s runner.State) bool  { return s.Phase == runner.Failed }

// get asks the api.
func (w *workshop) get(path string) string {
	w.t.Helper()
	resp, err := http.Get(fmt.Sprintf("http://localhost:%d%s", w.Ports().API, path))
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(body)
}

func (w *workshop) log(service, line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines = append(w.lines, service+": "+line)
}

func (w *workshop) logged(text string) (lines []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, line := range w.lines {
		if strings.Contains(line, text) {
			lines = append(lines, line)
		}
	}
	return lines
}
