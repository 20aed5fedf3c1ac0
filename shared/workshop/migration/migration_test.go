package migration_test

import (
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aymanbagabas/go-udiff"

	"thinker/shared/apm"
	"thinker/shared/workshop/check"
	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/need"
	"thinker/shared/workshop/runner"
)

const v1 = "gopkg.in/DataDog/dd-trace-go.v1"

// TestMigration applies each diff to a copy of its step, as git does for a reader. The
// copy builds without v1, its tests and the lesson's check pass, and its traces are
// those of the step.
func TestMigration(t *testing.T) {
	root := checkout.Root(t)
	for _, step := range []int{3, 5} {
		name := runner.StepName(step)
		t.Run(name, func(t *testing.T) {
			file := diffFile(root, name)
			checkout.Compare(t, file, diff(t, root, name))

			dir := filepath.Join(t.TempDir(), name)
			checkout.Copy(t, filepath.Join(root, name), dir)
			command(t, filepath.Dir(dir), os.Environ(), need.Program(t, "git"), "apply", file)
			checkout.UseShared(t, dir, root)
			command(t, dir, runner.GoEnv(root), "go", "mod", "edit", "-droprequire", v1) // as go mod tidy does
			command(t, dir, runner.GoEnv(root), "go", "test", "./...")

			report, err := check.Run(need.Context(t), check.Options{
				Root: root, Target: runner.Target{Step: step, Dir: dir}, Env: []string{"THINK_DELAY=300ms"},
				Building: func(string) {},
				Log:      func(service, line string) { t.Logf("%s: %s", service, line) },
				Answered: func(lesson.Exchange) {},
				Judged:   func([]lesson.Result) {},
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, result := range report.Results {
				if result.State != lesson.Passed {
					t.Errorf("%s fails: %+v", result.ID, result.Finding)
				}
			}
			if got, want := transcript(step, report.Requests), lesson.Text(step); got != want {
				t.Errorf("with v2, %s shows\n\n%s\nbut with v1\n\n%s", name, got, want)
			}
		})
	}
}

// TestReadme_FoldIsTheDiff checks that the README shows the diff of step 3.
func TestReadme_FoldIsTheDiff(t *testing.T) {
	root := checkout.Root(t)
	file := filepath.Join(root, "README.md")
	text, diff := checkout.Read(t, file), checkout.Read(t, diffFile(root, "step03"))
	shown := regexp.MustCompile("(?s)```diff\n(--- a/step03/.*?)```").FindStringSubmatchIndex(text)
	if shown == nil {
		t.Fatal("README.md has no diff of step 3 from v1 to v2")
	}
	checkout.Compare(t, file, text[:shown[2]]+diff+text[shown[3]:])
}

// diff returns what migrating a step to v2 changes, as a patch for the root.
func diff(t *testing.T, root, name string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, name, "*", "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s has no Go files: %v", name, err)
	}
	var out strings.Builder
	for _, file := range files {
		path := name + "/" + filepath.Base(filepath.Dir(file)) + "/" + filepath.Base(file)
		before := checkout.Read(t, file)
		out.WriteString(udiff.Unified("a/"+path, "b/"+path, before, migrate(t, before)))
	}
	return out.String()
}

var integration = regexp.MustCompile(`"` + v1 + `/contrib/([^"]*)"`)

// migrate returns a file's text with v2. The imports have other paths, and so another
// order. In tests, the mock tracer has the error of a span under another name.
func migrate(t *testing.T, text string) string {
	t.Helper()
	text = integration.ReplaceAllString(text, `"github.com/DataDog/dd-trace-go/contrib/$1/v2"`)
	text = strings.ReplaceAll(text, `"`+v1+"/", `"github.com/DataDog/dd-trace-go/v2/`)
	text = strings.ReplaceAll(text, `.Tag("error")`, `.Tag("error.message")`)
	formatted, err := format.Source([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return string(formatted)
}

// transcript returns the lesson's requests with their traces, as the step's golden
// file has them.
func transcript(step int, requests []lesson.Request) string {
	var played []lesson.Exchange
	var traces []apm.Trace
	for _, r := range requests {
		played = append(played, r.Exchange)
		traces = append(traces, r.Traces...)
	}
	return lesson.Transcript(lesson.Title(step), played, traces)
}

func diffFile(root, name string) string {
	return filepath.Join(root, "shared", "workshop", "lesson", "diffs", name+"-v2.diff")
}

func write(t *testing.T, file, text string) {
	t.Helper()
	checkout.Write(t, file, text)
}

// command runs a command to its end in a directory.
func command(t *testing.T, dir string, env []string, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(need.Context(t), name, args...)
	cmd.Dir, cmd.Env = dir, env
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, output)
	}
}
