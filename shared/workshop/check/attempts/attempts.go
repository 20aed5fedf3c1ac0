// Package attempts has code as learners may write it for a lesson, and tests of what
// check says about it. Building and running an attempt takes seconds, so several
// packages share these tests, each with its own time limit.
package attempts

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
	"thinker/shared/workshop/check"
	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/need"
	"thinker/shared/workshop/runner"
)

var update = flag.Bool("update", false, "write what check says about wrong attempts to the golden files")

// An edit replaces text that occurs exactly once in a file. Without an old text it
// appends to the file, or creates it.
type edit struct{ file, old, new string }

// An attempt is the code that a lesson leads to, changed by some edits.
type attempt struct {
	name     string
	fails    string // the first failed expectation; empty: all pass
	code     int    // the step that the edits are made to, if it's another one
	exercise bool   // it is for the step's exercise
	edits    []edit
}

// workers holds a directory for each attempt that may run at the same time. The next
// attempt in a directory doesn't link the service again that it has in common with
// the one before.
type workers chan string

func newWorkers(t *testing.T) workers {
	const atOnce = 3
	w := make(workers, atOnce)
	for range atOnce {
		w <- t.TempDir()
	}
	return w
}

// Wrong tests what check says about typical mistakes in some lessons: which
// expectation fails, and the words in check/testdata/wrong.
func Wrong(t *testing.T, steps ...int) {
	w := newWorkers(t)
	for _, step := range steps {
		t.Run(runner.StepName(step), func(t *testing.T) {
			for _, a := range wrong()[step] {
				t.Run(a.name, func(t *testing.T) {
					t.Parallel()
					report := w.check(t, step, a)
					if first := firstFailure(report); first != a.fails {
						t.Errorf("fails at %q, want %q:\n%s", first, a.fails, words(report))
					}
					compare(t, filepath.Join("wrong", runner.StepName(step), a.name+".txt"), words(report))
				})
			}
		})
	}
}

// Honest tests that other solutions than the step's pass.
func Honest(t *testing.T) {
	w := newWorkers(t)
	for step, attempts := range honest() {
		t.Run(runner.StepName(step), func(t *testing.T) {
			for _, a := range attempts {
				t.Run(a.name, func(t *testing.T) {
					t.Parallel()
					if report := w.check(t, step, a); !report.Complete() {
						t.Errorf("does not pass:\n%s", words(report))
					}
				})
			}
		})
	}
}

// StartsAndSolutions tests that a lesson fails with the code that it starts with, and
// passes with the code that it leads to.
func StartsAndSolutions(t *testing.T) {
	w := newWorkers(t)
	for step := 1; step <= runner.Steps; step++ {
		t.Run(runner.StepName(step), func(t *testing.T) {
			t.Run("start", func(t *testing.T) {
				t.Parallel()
				code, err := lesson.Start(root(t), step)
				if err != nil {
					t.Fatal(err)
				}
				report, err := w.run(t, step, false, code)
				if err != nil {
					t.Fatal(err)
				}
				if report.Complete() {
					t.Errorf("passes from the start:\n%s", words(report))
				}
				for _, result := range report.Results {
					if result.Given && result.State == lesson.Failed {
						t.Errorf("%s is given, and yet it fails at the start", result.ID)
					}
				}
				compare(t, filepath.Join("start", runner.StepName(step)+".txt"), words(report))
			})
			t.Run("solution", func(t *testing.T) {
				t.Parallel()
				if report := w.check(t, step, attempt{}); !report.Complete() {
					t.Errorf("does not pass:\n%s", words(report))
				}
			})
		})
	}
}

// ServiceEnds tests that the error names an api that ends during a request.
func ServiceEnds(t *testing.T) {
	ends := attempt{edits: []edit{
		{apiMain, "	ctx := r.Context()\n", "	ctx := r.Context()\n	println(\"no more of this\")\n	os.Exit(3)\n"},
		{apiMain, "	\"net/url\"\n", "	\"net/url\"\n	\"os\"\n"},
	}}
	_, err := newWorkers(t).run(t, 1, false, ends.made(t, 1))
	if want := "api stopped unexpectedly (exit status 3). Its last output:\n"; err == nil || !strings.HasPrefix(err.Error(), want) || !strings.HasSuffix(err.Error(), "  no more of this") {
		t.Errorf("the error is %v, want %s", err, want)
	}
}

// check checks an attempt.
func (w workers) check(t *testing.T, step int, a attempt) check.Report {
	t.Helper()
	report, err := w.run(t, step, a.exercise, a.made(t, step))
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// made returns the code with the edits.
func (a attempt) made(t *testing.T, step int) lesson.Code {
	t.Helper()
	code, err := lesson.Solution(root(t), cmp.Or(a.code, step))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range a.edits {
		switch {
		case e.old == "":
			code[e.file] += e.new
		case strings.Count(code[e.file], e.old) != 1:
			t.Fatalf("%s does not contain this exactly once:\n%s", e.file, e.old)
		default:
			code[e.file] = strings.Replace(code[e.file], e.old, e.new, 1)
		}
	}
	return code
}

// run checks code in the directory of a worker, once one is free.
func (w workers) run(t *testing.T, step int, exercise bool, code lesson.Code) (check.Report, error) {
	t.Helper()
	worker := <-w
	defer func() { w <- worker }()
	dir := filepath.Join(worker, "attempt")
	for _, used := range []string{dir, filepath.Join(worker, "data")} {
		if err := os.RemoveAll(used); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range code {
		write(t, filepath.Join(dir, name), text)
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(root(t), runner.StepName(step), name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), string(text))
	}
	checkout.UseShared(t, dir, root(t))
	delay := "40ms"
	if step == 5 {
		delay = "300ms" // half of it has to stand out from a busy machine's delays
	}
	return check.Run(need.Context(t), check.Options{
		Root: root(t), Target: runner.Target{Step: step, Dir: dir}, Dir: worker, Exercise: exercise, Env: []string{"THINK_DELAY=" + delay},
		Building: func(string) {},
		Log:      func(service, line string) { t.Logf("%s: %s", service, line) },
		Answered: func(lesson.Exchange) {},
		Judged:   func([]lesson.Result) {},
	})
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func root(t *testing.T) string {
	t.Helper()
	root, err := runner.FindRoot(".")
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func firstFailure(report check.Report) string {
	for _, result := range report.Results {
		if result.State == lesson.Failed {
			return result.ID
		}
	}
	return ""
}

// words returns what a learner reads, without what differs each time.
func words(report check.Report) string {
	var out strings.Builder
	for _, result := range report.Results {
		sign := map[lesson.State]string{lesson.Passed: "✓", lesson.Failed: "✗", lesson.Unchecked: "·"}[result.State]
		fmt.Fprintf(&out, "%s %s: %s\n", sign, result.ID, result.Says)
		if f := result.Finding; f != nil {
			fmt.Fprintf(&out, "  request   %s\n  expected  %s\n  instead   %s\n  likely    %s\n", f.Request, f.Expected, f.Instead, f.Cause)
			for _, tree := range f.Trees {
				draw(&out, tree)
			}
		}
	}
	text := times.ReplaceAllString(out.String(), "N ms")
	text = ids.ReplaceAllString(text, "ID")
	return hosts.ReplaceAllString(text, "localhost:PORT")
}

var (
	times = regexp.MustCompile(`[0-9.]+ (ns|µs|ms|s)\b`)
	hosts = regexp.MustCompile(`127\.0\.0\.1:\d+`)
	ids   = regexp.MustCompile(`\b[0-9a-f]{13,}\b`)
)

func draw(out *strings.Builder, tree lesson.Tree) {
	fmt.Fprintln(out, "  trace")
	var line func(node *apm.Node, indent string)
	line = func(node *apm.Node, indent string) {
		text := format.Span(node.Span)
		if node.Span.Error {
			text += " · error"
		}
		if mark, ok := tree.Marks[node.Span.SpanID]; ok {
			text += "   ← " + mark
		}
		fmt.Fprintln(out, indent+text)
		for _, child := range node.Children {
			line(child, indent+"  ")
		}
	}
	for _, root := range tree.Trace.Tree() {
		line(root, "    ")
	}
}

// compare compares a text with a file in check/testdata.
func compare(t *testing.T, file, got string) {
	t.Helper()
	file = filepath.Join(root(t), "shared", "workshop", "check", "testdata", file)
	if *update {
		write(t, file, got)
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n\n%s\nwant\n\n%s", got, want)
	}
}
