// Package attempts tests what check says about code as learners may write it. Building and
// running an attempt takes seconds, so several packages share these tests, each with its
// own time limit.
package attempts

import (
	"cmp"
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

// Wrong tests what check says about typical mistakes in some lessons: those in
// check/testdata/wrong. Each has a golden file beside it.
func Wrong(t *testing.T, steps ...int) {
	w := newWorkers(t)
	for _, step := range steps {
		forEach(t, "wrong", step, func(t *testing.T, a attempt) {
			report := w.check(t, step, a)
			if first := firstFailure(report); first != a.settings["fails"] {
				t.Errorf("fails at %q, want %q:\n%s", first, a.settings["fails"], words(report))
			}
			checkout.Compare(t, strings.TrimSuffix(a.file, ".diff")+".txt", words(report))
		})
	}
}

// Honest tests that other solutions than the step's pass: those in check/testdata/honest.
func Honest(t *testing.T) {
	w := newWorkers(t)
	for step := 1; step <= runner.Steps; step++ {
		forEach(t, "honest", step, func(t *testing.T, a attempt) { w.checkComplete(t, step, a) })
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
				code, err := lesson.Start(checkout.Root(t), step)
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
				checkout.Compare(t, filepath.Join(testdata(t), "start", runner.StepName(step)+".txt"), words(report))
			})
			t.Run("solution", func(t *testing.T) {
				t.Parallel()
				w.checkComplete(t, step, attempt{})
			})
		})
	}
}

// ServiceEnds tests that the error names an api that ends during a request.
func ServiceEnds(t *testing.T) {
	ends := read(t, filepath.Join(testdata(t), "ends.diff"))
	_, err := newWorkers(t).run(t, 1, false, ends.code(t, 1))
	const want = "api stopped unexpectedly (exit status 3). Its last output:\n"
	if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.HasSuffix(err.Error(), "  no more of this") {
		t.Errorf("the error is %v, want %s", err, want)
	}
}

// An attempt is the code that a lesson leads to, changed by a diff. The diff's first lines
// may be settings: fails is the first failed expectation, code is a step to change instead
// of the lesson's, and exercise checks the step's exercise.
type attempt struct {
	file     string
	settings map[string]string
	diff     string
}

// forEach runs a test for each attempt at a lesson.
func forEach(t *testing.T, kind string, step int, test func(t *testing.T, a attempt)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(testdata(t), kind, runner.StepName(step), "*.diff"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no attempts: %v", err)
	}
	t.Run(runner.StepName(step), func(t *testing.T) {
		for _, file := range files {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".diff"), func(t *testing.T) {
				t.Parallel()
				test(t, read(t, file))
			})
		}
	})
}

func read(t *testing.T, file string) attempt {
	t.Helper()
	text := checkout.Read(t, file)
	a := attempt{file: file, settings: map[string]string{}, diff: text}
	settings, _, _ := strings.Cut("\n"+text, "\n--- ")
	for line := range strings.Lines(settings) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		a.settings[name] = value
	}
	return a
}

// code returns the attempt's code.
func (a attempt) code(t *testing.T, step int) lesson.Code {
	t.Helper()
	code, err := lesson.ReadCode(filepath.Join(checkout.Root(t), cmp.Or(a.settings["code"], runner.StepName(step))))
	if err != nil {
		t.Fatal(err)
	}
	if file := code.Apply(a.diff); file != "" {
		t.Fatalf("%s does not contain the old lines of a hunk exactly once", file)
	}
	return code
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

func (w workers) check(t *testing.T, step int, a attempt) check.Report {
	t.Helper()
	report, err := w.run(t, step, a.settings["exercise"] != "", a.code(t, step))
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func (w workers) checkComplete(t *testing.T, step int, a attempt) {
	t.Helper()
	if report := w.check(t, step, a); !report.Complete() {
		t.Errorf("does not pass:\n%s", words(report))
	}
}

// run checks code in the directory of a worker, once one is free.
func (w workers) run(t *testing.T, step int, exercise bool, code lesson.Code) (check.Report, error) {
	t.Helper()
	worker := <-w
	defer func() { w <- worker }()
	root, dir := checkout.Root(t), filepath.Join(worker, "attempt")
	for _, used := range []string{dir, filepath.Join(worker, "data")} {
		if err := os.RemoveAll(used); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range code {
		checkout.Write(t, filepath.Join(dir, name), text)
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		checkout.Write(t, filepath.Join(dir, name), checkout.Read(t, filepath.Join(root, runner.StepName(step), name)))
	}
	checkout.UseShared(t, dir, root)
	delay := "40ms"
	if step == 5 {
		delay = "300ms" // half of it has to stand out from a busy machine's delays
	}
	return check.Run(need.Context(t), check.Options{
		Root: root, Target: runner.Target{Step: step, Dir: dir}, Dir: worker, Exercise: exercise,
		Env:      []string{"THINK_DELAY=" + delay},
		Building: func(string) {},
		Log:      func(service, line string) { t.Logf("%s: %s", service, line) },
		Answered: func(lesson.Exchange) {},
		Judged:   func([]lesson.Result) {},
	})
}

func testdata(t *testing.T) string {
	return filepath.Join(checkout.Root(t), "shared", "workshop", "check", "testdata")
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
			fmt.Fprintf(&out, "  request   %s\n  expected  %s\n  instead   %s\n  likely    %s\n",
				f.Request, f.Expected, f.Instead, f.Cause)
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
