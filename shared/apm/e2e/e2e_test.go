// Package e2e_test tests apm as a process, from outside: what it responds, how much
// memory and disk it uses, and how it ends, for any input.
package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"thinker/shared/apm/internal/process"
)

func TestMain(m *testing.M) { os.Exit(process.Main(m)) }

// maxMemory is the resident memory that apm may use, in MB, for any input.
const maxMemory = 256

// checkMemory fails t if a has used too much memory since it started.
func checkMemory(t *testing.T, a *process.APM, doing string) {
	t.Helper()
	_, peak := a.Memory()
	t.Logf("%s: %.0f MB at its peak", doing, peak)
	if peak > maxMemory {
		t.Errorf("%s: %.0f MB at its peak, of at most %d MB", doing, peak, maxMemory)
	}
}

// oneSpan returns a trace of one span as JSON, with more fields.
func oneSpan(id int, more string) string {
	return fmt.Sprintf(`[[{"trace_id":%d,"span_id":1,"service":"shop","name":"checkout",`+
		`"start":1700000000000000000,"duration":1%s}]]`, id, more)
}

// post sends traces as JSON, which apm must accept.
func post(t *testing.T, a *process.APM, json string) {
	t.Helper()
	if response := a.PostTraces(json); response.Status != http.StatusOK {
		t.Fatalf("sending %.100s: status %d: %s", json, response.Status, response.Body)
	}
}

// wantTraces checks that the traces from first to last are stored.
func wantTraces(t *testing.T, a *process.APM, first, last int) {
	t.Helper()
	for id := first; id <= last; id++ {
		if response := a.Get(fmt.Sprintf("/api/traces/%d", id)); response.Status != http.StatusOK {
			t.Errorf("trace %d: status %d: %s", id, response.Status, response.Body)
		}
	}
}

// store sends a trace and checks that it is stored.
func store(t *testing.T, a *process.APM, id int) {
	t.Helper()
	post(t, a, oneSpan(id, ""))
	wantTraces(t, a, id, id)
}

// restart kills apm and runs it again.
func restart(a *process.APM) {
	a.Kill()
	a.Run()
}

func TestStore_KeepsAcknowledgedSpansAfterKill(t *testing.T) {
	t.Parallel()
	a := process.Start(t)
	for id := 1; id <= 100; id++ {
		post(t, a, oneSpan(id, ""))
	}
	restart(a)
	wantTraces(t, a, 1, 100)
}

// checkNoPanic fails t if apm logged a panic.
func checkNoPanic(t *testing.T, a *process.APM) {
	t.Helper()
	if log := a.Stderr(); strings.Contains(log, "panic") || strings.Contains(log, "goroutine ") {
		t.Error(log)
	}
}
