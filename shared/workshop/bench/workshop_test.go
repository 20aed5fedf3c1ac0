package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/need"
	"thinker/shared/workshop/runner"
	"thinker/shared/workshop/workspace"
)

// BenchmarkSave measures the time from a saved file until the new code responds. The target is
// about a second.
func BenchmarkSave(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "try03")
	if err := workspace.Write(checkout.Root(b), 3, dir); err != nil {
		b.Fatal(err)
	}
	workshop, api := open(b, runner.Target{Step: 3, Dir: dir}, "0s")
	file := filepath.Join(dir, "thinker", "memory.go")
	text, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	var took []time.Duration
	for b.Loop() {
		author := fmt.Sprint("Somebody ", len(took))
		began := time.Now()
		if err := os.WriteFile(file, []byte(strings.Replace(string(text), "Agatha Christie", author, 1)),
			0o644); err != nil {
			b.Fatal(err)
		}
		ctx := need.Context(b)
		for tick := time.Tick(5 * time.Millisecond); !strings.Contains(get(b, api+"/think/?subject=war"), author); {
			select {
			case <-tick:
			case <-ctx.Done():
				b.Fatalf("the saved code does not answer: %+v", workshop.State())
			}
		}
		took = append(took, time.Since(began))
	}
	spread(b, took, time.Millisecond, "ms-to-new-code")
}

// open returns a workshop that runs code, once the code is healthy.
func open(b *testing.B, target runner.Target, delay string) (workshop *runner.Workshop, api string) {
	b.Helper()
	ports := runner.Ports{API: need.Port(b), Thinker: need.Port(b)}
	workshop, err := runner.Open(b.Context(), runner.Options{
		Root: checkout.Root(b), Target: target, Ports: ports, Dir: filepath.Join(b.TempDir(), "workshop"),
		Env:      []string{"THINK_DELAY=" + delay},
		Building: func(string) {},
		Log:      func(string, string) {},
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { workshop.Close() })
	changed := workshop.Changed(b.Context())
	for workshop.State().Phase != runner.Healthy {
		if workshop.State().Phase == runner.Failed {
			b.Fatal(workshop.State().Error)
		}
		<-changed
	}
	return workshop, fmt.Sprintf("http://localhost:%d", ports.API)
}
