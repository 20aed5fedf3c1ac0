package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"thinker/shared/workshop/runner"
	"thinker/shared/workshop/terminal"
)

func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
		says string
	}{
		{nil, 0, ""},
		{fmt.Errorf("checked: %w", errFailed), 1, ""},
		{errors.New("the thinker ended"), 1, "workshop: the thinker ended\n"},
		{cannotRun{context.Canceled}, 2, "workshop: context canceled\n"},
		{fmt.Errorf("check: %w", &runner.CompileError{Name: "step02", Output: "x.go:1: no"}), 2,
			"workshop: check: step02 does not build:\nx.go:1: no\n"},
	} {
		var said strings.Builder
		if code := report(&said, c.err); code != c.code || said.String() != c.says {
			t.Errorf("%v: %d and %q, want %d and %q", c.err, code, said.String(), c.code, c.says)
		}
	}
}

func TestReport_Fault(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var said strings.Builder
	code := report(&said, guarded(func() { panic("index out of range") }))
	line := regexp.MustCompile(`^workshop: this is a bug in the workshop, not in your code \(index out of range\)\. ` +
		`Please report it with the file (\S+)\n$`)
	found := line.FindStringSubmatch(said.String())
	if code != 2 || found == nil {
		t.Fatalf("%d and %q", code, said.String())
	}
	if kept, err := os.ReadFile(found[1]); err != nil || !strings.Contains(string(kept), "TestReport_Fault") {
		t.Errorf("the file has %s, %v", kept, err)
	}
}

// TestScreen_FaultOfKey makes the command of a key panic. The fault is reported like any
// other, once the terminal is restored.
func TestScreen_FaultOfKey(t *testing.T) {
	s := newScreen(terminal.New(io.Discard), "", runner.Target{Step: 1})
	for range 2 { // a second one changes nothing
		s.inBackground(func() { panic("on purpose") })
	}
	s.doing.Wait()
	if err := <-s.faults; err.Error() != "on purpose" {
		t.Errorf("it ends with %v", err)
	}
}

// TestHelp_Examples wants each command to show examples.
func TestHelp_Examples(t *testing.T) {
	for _, cmd := range rootCommand().Commands() {
		if cmd.Name() != "help" && cmd.Name() != "completion" && !strings.Contains(cmd.Example, "  workshop "+cmd.Name()) {
			t.Errorf("%s has no examples: %q", cmd.Name(), cmd.Example)
		}
	}
}
