// Package attempts has code that somebody may have made of a lesson, and tests of
// what check says of it. Each attempt is built and run, which takes seconds: so
// several packages share these tests, each with its own time limit.
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
	"thinker/shared/workshop/check"
	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/need"
	"thinker/shared/workshop/runner"
)

var update = flag.Bool("update", false, "write what is said of wrong attempts now to the files that say what must be said")

// An edit replaces text that stands exactly once in a file; without an old text it
// adds to the file, or makes it.
type edit struct{ file, old, new string }

// An attempt is what somebody may have made of a lesson: the code that it leads
// to, but for some edits.
type attempt struct {
	name  string
	fails string // the first expectation that is not met; empty: the lesson is reached
	code  int    // the step whose code it is, where that is another
	edits []edit
}

// atOnce bounds how many attempts are built and run at a time.
var atOnce = make(chan struct{}, 3)

// Wrong tests what is said of typical mistakes in some lessons: which expectation
// fails, and in which words, as in check/testdata/wrong.
func Wrong(t *testing.T, steps ...int) {
	for _, step := range steps {
		t.Run(runner.StepName(step), func(t *testing.T) {
			for _, a := range wrong()[step] {
				t.Run(a.name, func(t *testing.T) {
					t.Parallel()
					report := a.check(t, step)
					if first := firstFailure(report); first != a.fails {
						t.Errorf("fails at %q, want %q:\n%s", first, a.fails, words(report))
					}
					compare(t, filepath.Join("wrong", runner.StepName(step), a.name+".txt"), words(report))
				})
			}
		})
	}
}

// Honest tests that a lesson is reached in other ways than the step's.
func Honest(t *testing.T) {
	for step, attempts := range honest() {
		t.Run(runner.StepName(step), func(t *testing.T) {
			for _, a := range attempts {
				t.Run(a.name, func(t *testing.T) {
					t.Parallel()
					if report := a.check(t, step); !report.Reached() {
						t.Errorf("is not reached:\n%s", words(report))
					}
				})
			}
		})
	}
}

// StartsAndSolutions tests that each lesson's code fails as it begins, and reaches
// the lesson when it is done.
func StartsAndSolutions(t *testing.T) {
	for step := 1; step <= runner.Steps; step++ {
		t.Run(runner.StepName(step), func(t *testing.T) {
			t.Run("start", func(t *testing.T) {
				t.Parallel()
				code, err := lesson.Start(root(t), step)
				if err != nil {
					t.Fatal(err)
				}
				report, err := run(t, step, code)
				if err != nil {
					t.Fatal(err)
				}
				if report.Reached() {
					t.Errorf("is reached from the start:\n%s", words(report))
				}
				compare(t, filepath.Join("start", runner.StepName(step)+".txt"), words(report))
			})
			t.Run("solution", func(t *testing.T) {
				t.Parallel()
				if report := (attempt{}).check(t, step); !report.Reached() {
					t.Errorf("is not reached:\n%s", words(report))
				}
			})
		})
	}
}

// ServiceEnds tests that an api that ends in the midst of a request says why.
func ServiceEnds(t *testing.T) {
	ends := attempt{edits: []edit{
		{apiMain, "	ctx := r.Context()\n", "	ctx := r.Context()\n	println(\"no more of this\")\n	os.Exit(3)\n"},
		{apiMain, "	\"net/url\"\n", "	\"net/url\"\n	\"os\"\n"},
	}}
	_, err := run(t, 1, ends.made(t, 1))
	if want := "api stopped unexpectedly (exit status 3). Its last output:\n"; err == nil || !strings.HasPrefix(err.Error(), want) || !strings.HasSuffix(err.Error(), "  no more of this") {
		t.Errorf("it says %v, want %s", err, want)
	}
}

// check checks the attempt.
func (a attempt) check(t *testing.T, step int) check.Report {
	t.Helper()
	report, err := run(t, step, a.made(t, step))
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// made is the code with the edits made.
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
			t.Fatalf("%s does not have this exactly once:\n%s", e.file, e.old)
		default:
			code[e.file] = strings.Replace(code[e.file], e.old, e.new, 1)
		}
	}
	return code
}

// run checks code in a directory of its own, once there is room for it.
func run(t *testing.T, step int, code lesson.Code) (check.Report, error) {
	t.Helper()
	atOnce <- struct{}{}
	defer func() { <-atOnce }()
	dir := filepath.Join(t.TempDir(), "attempt")
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
		delay = "1500ms" // of which a tenth must be more than what a busy machine takes
	}
	return check.Run(need.Context(t), check.Options{
		Root: root(t), Target: runner.Target{Step: step, Dir: dir}, Env: []string{"THINK_DELAY=" + delay},
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
		if result.State == lesson.Unmet {
			return result.ID
		}
	}
	return ""
}

// words are what a learner reads, without what differs each time.
func words(report check.Report) string {
	var out strings.Builder
	for _, result := range report.Results {
		sign := map[lesson.State]string{lesson.Met: "✓", lesson.Unmet: "✗", lesson.Open: "·"}[result.State]
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
		text := node.Span.String()
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

// compare holds a text to that in a file of check/testdata.
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
		t.Errorf("it says\n\n%s\nbut must say\n\n%s", got, want)
	}
}
