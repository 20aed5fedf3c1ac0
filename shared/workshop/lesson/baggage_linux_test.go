package lesson_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/need"
	"thinker/shared/workshop/runner"
)

// TestServices_LongBaggage sends step 3's api as much baggage as fits in its headers. An
// old tracer copied all items for each item, which took more than a gigabyte.
func TestServices_LongBaggage(t *testing.T) {
	thinker := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter,
		_ *http.Request) {
		io.WriteString(w, "{}")
	}))
	defer thinker.Close()
	root := checkout.Root(t)
	binaries, err := runner.Build(need.Context(t), root, filepath.Join(built, "bin"), runner.Target{Step: 3}, race,
		func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	addr := fmt.Sprintf("localhost:%d", need.Port(t))
	api := exec.CommandContext(need.Context(t), binaries.API)
	api.Env = append(os.Environ(), "LISTEN_ADDR="+addr, "THINKER_URL="+thinker.URL, "DD_TRACE_STARTUP_LOGS=false",
		"DD_INSTRUMENTATION_TELEMETRY_ENABLED=false")
	if err := api.Start(); err != nil {
		t.Fatal(err)
	}
	defer api.Process.Kill()
	for ctx := need.Context(t); ; { // until it listens
		if ctx.Err() != nil {
			t.Fatal("the api does not listen")
		}
		if resp, err := http.Get("http://" + addr + "/healthz"); err == nil {
			resp.Body.Close()
			break
		}
	}

	var items []string
	for length := 0; length < 53_000; length += len(items[len(items)-1]) + 1 {
		items = append(items, fmt.Sprintf("k%d=v", len(items)))
	}
	headers := http.Header{"Baggage": {strings.Join(items, ",")}}
	if status, _ := need.Get(t, "http://"+addr+"/think/?subject=war", headers); status != http.StatusOK {
		t.Errorf("with %d baggage items the api responds %d, want 200", len(items), status)
	}

	if err := api.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	api.Wait()              // the peak is known whatever it exits with
	const limit = 256 << 10 // in KB; the race detector takes most of it
	if peak := api.ProcessState.SysUsage().(*syscall.Rusage).Maxrss; peak > limit {
		t.Errorf("with %d baggage items the api took %d KB of memory, want at most %d", len(items), peak, limit)
	}
}
