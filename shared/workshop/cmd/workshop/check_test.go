package main_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/need"
	"thinker/shared/workshop/workspace"
)

// TestCheck is the learner's question, asked of code that reaches its lesson, of
// code that does not, and of code that does not compile.
func TestCheck(t *testing.T) {
	root, program := checkout.New(t), workshop(t)
	broken := filepath.Join(root, "broken")
	if err := os.CopyFS(broken, os.DirFS(filepath.Join(root, "step01"))); err != nil {
		t.Fatal(err)
	}
	checkout.Write(t, filepath.Join(broken, "api", "more.go"), "package main\n\nvar _ = undefined\n")
	// What a shell may have set is not for the code that is checked.
	for _, set := range []string{"DD_TRACE_ENABLED=false", "DD_SERVICE=other", "DD_TRACE_AGENT_URL=http://localhost:1", "THINK_DELAY=1h", "REDIS_ADDR=nowhere:1", "HTTP_PROXY=http://localhost:1"} {
		name, value, _ := strings.Cut(set, "=")
		t.Setenv(name, value)
	}
	for _, c := range []struct {
		arguments string
		code      int
		want      []string // in this order
	}{
		{"", 2, []string{"workshop: say which lesson, as in 'workshop check 2'\n"}},
		{"9", 2, []string{"workshop: there is no lesson \"9\": choose one of 1 to 5\n"}},
		{"all --dir step01", 2, []string{"workshop: --dir is the code for one lesson: say which, in place of all\n"}},
		{"2 --hints 4", 2, []string{"workshop: --hints 4: choose 0 to 3\n"}},
		{"2 --dir nowhere", 2, []string{"workshop: nowhere has no directory api: name a copy of a step"}},
		{"2 --dir broken", 2, []string{"Lesson 2: manual headers   broken\n", "broken does not build:\n", "more.go:3:9: undefined: undefined\n"}},
		{"2 --dir step01", 1, []string{
			"Lesson 2: manual headers   step01\n",
			"  GET /think/?subject=war   200   5",
			"  ✓ think-below-thinker   Below the thinker's span, each subject has its think span.\n",
			"  ✗ one-trace             One request is one trace, which crosses both services.\n",
			"    expected  The thinker's span is in the api's trace.\n",
			"    instead   thinker-microservice began a trace of its own: its span has no parent.\n",
			"  thinker-api http.request  GET /think/ ", "    ↑ trace ",
			"    likely    The request to the thinker carries neither X-Datadog-Trace-Id nor\n",
			"    hint      A trace crosses from one service to the next", "(--hints 2 tells more)\n",
			"  – thinker-below-api     The thinker's span hangs below",
			"\n✗ lesson 2 is not reached: thinker-microservice began a trace of its own: its span has\nno parent.\n",
		}},
		{"2 --dir step01 --hints 3", 1, []string{"\n" + `          header.Set("X-Datadog-Trace-Id", strconv.FormatUint(span.Context().TraceID(), 10))` + "\n", "✗ lesson 2"}},
		{"5", 0, []string{
			"Lesson 5: Redis cache   step05\n", "  ✓ miss  ", "  ✓ hit  ", "  ✓ fast  ", "  ✓ errors-not-kept  ",
			"\n✓ lesson 5 is reached, after ",
		}},
	} {
		said, code := run(t, program, root, append([]string{"check"}, strings.Fields(c.arguments)...)...)
		rest := said
		for _, want := range c.want {
			_, after, found := strings.Cut(rest, want)
			if !found {
				t.Errorf("check %s says\n%s\nwithout, in its place, %q", c.arguments, said, want)
				break
			}
			rest = after
		}
		if code != c.code {
			t.Errorf("check %s ends with %d, want %d", c.arguments, code, c.code)
		}
	}
	reached, err := workspace.Progress(root)
	if err != nil || len(reached) != 1 || reached[0].Step != 5 || !reached[0].Given() {
		t.Errorf("reached are %v, %v, want lesson 5 with the step's own code", reached, err)
	}
}

// TestCheckJSON is for programs: one object, whatever comes of it.
func TestCheckJSON(t *testing.T) {
	root, program := checkout.New(t), workshop(t)
	checkout.Write(t, filepath.Join(root, "step03", "api", "broken.go"), "package main\n\nvar _ = undefined\n")
	for _, c := range []struct {
		lesson, dir string
		code        int
		want        string
	}{
		{"1", "step01", 0, "reached, 3 requests: api-span met, thinker-span met, think-span met, two-traces met"},
		{"2", "step01", 1, "not reached, 3 requests: one-trace unmet with 1 hints and 2 traces, thinker-below-api open, think-below-thinker met, error-on-think met"},
		{"3", "step03", 2, "not reached, 0 requests, an error: "},
	} {
		cmd := exec.CommandContext(need.Context(t), program, "check", c.lesson, "--dir", c.dir, "--json")
		cmd.Dir = root
		output, _ := cmd.Output()
		if code := cmd.ProcessState.ExitCode(); code != c.code {
			t.Errorf("check %s ends with %d, want %d", c.lesson, code, c.code)
		}
		if got := inShort(t, output); got != c.want {
			t.Errorf("check %s is\n%s\nwant\n%s\nof\n%s", c.lesson, got, c.want, output)
		}
	}
}

// inShort reads the fields that the command's help names.
func inShort(t *testing.T, output []byte) string {
	t.Helper()
	var outcome struct {
		Reached bool
		Lessons []struct {
			Reached  bool
			Error    string
			Requests []struct {
				Path   string
				Status int
			}
			Expectations []struct {
				ID, State string
				Hints     []string
				Finding   *struct {
					Instead, Cause string
					Traces         []struct {
						TraceID string `json:"trace_id"`
						Spans   []struct{ Service, Mark string }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(output, &outcome); err != nil || len(outcome.Lessons) != 1 {
		t.Fatalf("%v: %s", err, output)
	}
	l := outcome.Lessons[0]
	var expectations []string
	for _, e := range l.Expectations {
		text := e.ID + " " + e.State
		if e.Finding != nil && e.Finding.Cause != "" {
			text += " with " + strconv.Itoa(len(e.Hints)) + " hints and " + strconv.Itoa(len(e.Finding.Traces)) + " traces"
		}
		expectations = append(expectations, text)
	}
	text := "not reached"
	if outcome.Reached && l.Reached {
		text = "reached"
	}
	text += ", " + strconv.Itoa(len(l.Requests)) + " requests"
	if l.Error != "" {
		text += ", an error"
	}
	return text + ": " + strings.Join(expectations, ", ")
}
