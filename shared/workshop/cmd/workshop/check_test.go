package main_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/need"
	"thinker/shared/workshop/workspace"
)

// TestCheck checks complete code, incomplete code, and code that doesn't compile.
func TestCheck(t *testing.T) {
	t.Parallel()
	root := checkout.New(t)
	broken := filepath.Join(root, "broken")
	checkout.Copy(t, filepath.Join(root, "step01"), broken)
	checkout.Write(t, filepath.Join(broken, "api", "more.go"), "package main\n\nvar _ = undefined\n")
	// The checked code doesn't get what a shell may have set.
	env := []string{
		"DD_TRACE_ENABLED=false", "DD_SERVICE=other", "DD_TRACE_AGENT_URL=http://localhost:1", "THINK_DELAY=1h",
		"REDIS_ADDR=nowhere:1", "HTTP_PROXY=http://localhost:1",
	}
	for _, c := range []call{
		{"check ", 2, []string{"workshop: which step? Add its number: workshop check 2\n"}},
		{"check 9", 2, []string{"workshop: there is no step \"9\": use a number from 1 to 5\n"}},
		{"check all --dir step01", 2, []string{"workshop: --dir works for one step only: replace all with its number\n"}},
		{"check all --exercise", 2, []string{"workshop: --exercise works for one step only: replace all with its number\n"}},
		{"check 2 --exercise", 2, []string{"workshop: step 2 has no exercise to check: only step 4 has one\n"}},
		{"check 4 --exercise", 1, []string{"Step 4: SQLite store, exercise   the original step04\n",
			"  GET /think/?subject=art", "\n✗ the exercise of step 4 isn't complete yet: "}},
		{"check 2 --hints 4", 2, []string{"workshop: --hints 4 is out of range: use 0 to 3\n"}},
		{"check 2 --dir nowhere", 2, []string{"workshop: nowhere has no directory api. " +
			"Use the directory of a step or of a copy. To make a copy: "}},
		{"check 2 --dir broken", 2, []string{"Step 2: manual headers   broken\n", "broken does not build:\n",
			"more.go:3:9: undefined: undefined\n"}},
		{"check 2 --dir step01", 1, []string{
			"Step 2: manual headers   step01\n",
			"  GET /think/?subject=war   200   5",
			"  ✓ think-below-thinker   Each subject has a think span below the microservice's span.\n",
			"  ✗ one-trace             One request produces one trace that covers both services.\n",
			"    expected  The microservice's span is in the api's trace.\n",
			"    instead   The microservice started a trace of its own: its span has no parent.\n",
			"  thinker-api http.request  GET /think/ ", "    ↑ trace ",
			"    likely    The request to the microservice has neither X-Datadog-Trace-Id nor\n",
			"    hint      A trace continues in another service only if", "(--hints 2 shows more)\n",
			"  – thinker-below-api     The microservice's span is below the api",
			"\n✗ step 2 isn't complete yet: 2 of 4 checks passed\n",
		}},
		{"check 2 --dir step01 --hints 3", 1,
			[]string{"\n" + `          header.Set("X-Datadog-Trace-Id", strconv.FormatUint(span.Context().TraceID(), 10))` +
				"\n", "✗ step 2 isn't complete yet"}},
		{"check 5", 0, []string{
			"Step 5: Redis cache   the original step05\n", "  ✓ miss  ", "  ✓ expires  ", "  ✓ hit  ", "  ✓ no-wait  ",
			"  ✓ errors-not-cached  ",
			"\n✓ 5 of 5 checks passed in ", "\nChecked the original step05. To check your own code: WORKSHOP try 5\n",
		}},
	} {
		c.check(t, root, env...)
	}
	reached, err := workspace.Progress(root)
	if err != nil || len(reached) != 1 || reached[0].Step != 5 || !reached[0].Given() {
		t.Errorf("reached are %v, %v, want lesson 5 with the step's own code", reached, err)
	}
}

// TestCheck_LearnersCopy checks the learner's copy unless told otherwise. Whatever
// check says, status agrees.
func TestCheck_LearnersCopy(t *testing.T) {
	t.Parallel()
	root := checkout.New(t)
	copied, err := workspace.Copy(root, 2, false)
	if err != nil {
		t.Fatal(err)
	}
	fill := func(step string) func() {
		return func() {
			t.Helper()
			for _, service := range []string{"api", "thinker"} {
				dir := filepath.Join(copied.Dir, service)
				if err := errors.Join(os.RemoveAll(dir), os.CopyFS(dir, os.DirFS(filepath.Join(root, step, service)))); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	started, completed := "  Step 2: manual headers           started in .workshop/try02\n",
		"✓ Step 2: manual headers           completed "
	for _, c := range []struct {
		name, arguments string
		before          func()
		code            int
		want            []string
		status          string
	}{
		{"starting code", "2", func() {}, 1,
			[]string{"Step 2: manual headers   .workshop/try02\n", "\n✗ step 2 isn't complete yet: 2 of 4 checks passed\n"},
			started},
		{"original", "2 --dir step02", func() {}, 0,
			[]string{"Step 2: manual headers   the original step02\n", "\n✓ 4 of 4 checks passed in ",
				"\nChecked the original step02. To check your own code: WORKSHOP check 2\n"}, started},
		{"finished code", "2", fill("step02"), 0,
			[]string{"Step 2: manual headers   .workshop/try02\n", "\n✓ step 2 is complete: 4 of 4 checks passed in ",
				"\nNext: WORKSHOP try 3\n"}, completed},
		{"changed later", "2", fill("step01"), 1,
			[]string{"Step 2: manual headers   .workshop/try02\n", "\n✗ 2 of 4 checks passed\nYou completed step 2 on "},
			completed},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.before()
			call{"check " + c.arguments, c.code, c.want}.check(t, root)
			call{"status", 0, []string{c.status}}.check(t, root)
		})
	}
}

// TestCheck_JSON wants one object on stdout, whatever the result.
func TestCheck_JSON(t *testing.T) {
	t.Parallel()
	root, program := checkout.New(t), workshop(t)
	checkout.Write(t, filepath.Join(root, "step03", "api", "broken.go"), "package main\n\nvar _ = undefined\n")
	for _, c := range []struct {
		name, lesson, dir string
		code              int
	}{{"complete", "1", "step01", 0}, {"incomplete", "2", "step01", 1}, {"broken", "3", "step03", 2}} {
		cmd := exec.CommandContext(need.Context(t), program, "check", c.lesson, "--dir", c.dir, "--json")
		cmd.Dir = root
		output, _ := cmd.Output()
		if code := cmd.ProcessState.ExitCode(); code != c.code {
			t.Errorf("check %s ends with %d, want %d", c.lesson, code, c.code)
		}
		text := regexp.MustCompile(`"took_ms": \d+`).ReplaceAllString(normal(string(output)), `"took_ms": 0`)
		checkout.Compare(t, filepath.Join("testdata", "check-"+c.name+".json"), filepath.ToSlash(text))
	}
}
