package rules_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"thinker/shared/workshop/need"
	"thinker/shared/workshop/runner"
)

var update = flag.Bool("update", false, "write what the steps' differences are now to the files that say what they must be")

// TestDependencies holds who may import whom.
func TestDependencies(t *testing.T) {
	libraries := []string{"gopkg.in/DataDog/dd-trace-go.v1", "github.com/gorilla/mux", "modernc.org/sqlite", "github.com/redis/go-redis/v9"}
	rules := []struct {
		of, why string
		allowed []string // prefixes, beside the standard library
	}{
		{"thinker/step", "a step is read for its lesson: it imports the lesson's libraries and shared/serve", append(libraries, "thinker/shared/serve")},
		{"thinker/shared/serve", "a step that imports serve learns nothing new: it stays with the standard library", nil},
		{"thinker/shared/apm/internal/intake", "intake, store and web meet in agent alone", []string{"thinker/shared/apm", "thinker/shared/apm/format", "thinker/shared/apm/internal/stats", "github.com/DataDog/datadog-agent/pkg/proto", "github.com/DataDog/datadog-agent/pkg/trace/traceutil/normalize", "github.com/tinylib/msgp", "golang.org/x/sync/semaphore"}},
		{"thinker/shared/apm/internal/store", "intake, store and web meet in agent alone", []string{"thinker/shared/apm", "thinker/shared/apm/internal/stats", "thinker/shared/apm/query", "modernc.org/sqlite", "github.com/gofrs/flock", "github.com/klauspost/compress/zstd", "github.com/DataDog/sketches-go/ddsketch/mapping", "github.com/tinylib/msgp/msgp", "golang.org/x/sync/errgroup"}},
		{"thinker/shared/apm/internal/web/graph", "a layout is geometry", nil},
		{"thinker/shared/apm/internal/web", "intake, store and web meet in agent alone", []string{"thinker/shared/apm", "thinker/shared/apm/colour", "thinker/shared/apm/format", "thinker/shared/apm/guest", "thinker/shared/apm/internal/compare", "thinker/shared/apm/internal/stats", "thinker/shared/apm/internal/web/...", "thinker/shared/apm/query"}},
		{"thinker/shared/apm/internal/stats", "figures are of spans, wherever they are stored", []string{"thinker/shared/apm"}},
		{"thinker/shared/apm/internal/compare", "two traces are compared by their spans", []string{"thinker/shared/apm"}},
		{"thinker/shared/apm/format", "texts are of the domain", []string{"thinker/shared/apm"}},
		{"thinker/shared/apm/query", "a query is about spans, wherever they are kept", []string{"thinker/shared/apm"}},
		{"thinker/shared/apm/guest", "another program describes its pages with the standard library", nil},
		{"thinker/shared/apm/colour", "the domain needs nothing", nil},
		{"thinker/shared/apm/busy", "what makes spans knows nothing but spans", []string{"thinker/shared/apm"}},
		{"thinker/shared/apm/load", "what measures an agent knows it over HTTP alone", []string{"github.com/tinylib/msgp"}},
		{"thinker/shared/apm/internal/attack", "what attacks apm from outside imports none of it", []string{"thinker/shared/apm/internal/process", "github.com/tinylib/msgp/msgp"}},
		{"thinker/shared/apm/internal/process", "what looks at apm from outside imports none of it", nil},
		{"thinker/shared/apm/agent", "apm stands without the workshop", []string{"thinker/shared/apm/..."}},
		{"thinker/shared/apm/apmtest", "a test has the agent as it is, and asks in the query language", []string{"thinker/shared/apm", "thinker/shared/apm/agent", "thinker/shared/apm/format", "thinker/shared/apm/query"}},
		{"thinker/shared/apm/cmd", "apm stands without the workshop", []string{"thinker/shared/apm/...", "github.com/DataDog/datadog-agent/pkg/proto"}},
		{"thinker/shared/apm", "the domain needs nothing", nil},
		{"thinker/shared/workshop/fetch", "who sends a request needs no more than that", nil},
		{"thinker/shared/workshop/lesson", "what a lesson expects is judged by spans, wherever they come from", []string{"thinker/shared/apm", "thinker/shared/apm/format", "thinker/shared/workshop/fetch", "github.com/aymanbagabas/go-udiff"}},
		{"thinker/shared/workshop/pages", "a browser is driven by tests alone", nil},
		{"thinker/shared/workshop", "the workshop uses apm, and no step's code", []string{"thinker/shared/apm/...", "thinker/shared/workshop/...",
			"github.com/spf13/cobra",
			"github.com/cli/browser",
			"github.com/mattn/go-runewidth",
			"github.com/alicebob/miniredis/v2",
			"github.com/shirou/gopsutil/v4",
			"github.com/gofrs/flock",
			"github.com/yuin/goldmark",
			"github.com/aymanbagabas/go-udiff",
			"golang.org/x/mod/modfile",
			"golang.org/x/sys",
			"golang.org/x/term",
		}},
	}
	for _, pkg := range packages(t) {
		i := slices.IndexFunc(rules, func(r struct {
			of, why string
			allowed []string
		}) bool {
			return strings.HasPrefix(pkg.ImportPath, r.of)
		})
		if i < 0 {
			t.Errorf("no rule says what %s may import", pkg.ImportPath)
			continue
		}
		for _, imported := range pkg.Imports {
			if !strings.Contains(imported, ".") && !strings.HasPrefix(imported, "thinker/") {
				continue // standard library
			}
			if !slices.ContainsFunc(rules[i].allowed, func(allowed string) bool {
				tree, whole := strings.CutSuffix(allowed, "/...")
				return imported == tree || (whole || strings.Contains(allowed, ".")) && strings.HasPrefix(imported, tree+"/")
			}) {
				t.Errorf("%s imports %s: %s", pkg.ImportPath, imported, rules[i].why)
			}
		}
	}
}

// TestSteps holds that neighbouring steps differ by their lesson alone.
func TestSteps(t *testing.T) {
	root := findRoot(t)
	number := regexp.MustCompile(`(?i)step ?0?[1-5]`)
	for step := 1; step <= runner.Steps; step++ {
		files, err := filepath.Glob(filepath.Join(root, runner.StepName(step), "*", "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s has no Go files: %v", runner.StepName(step), err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if found := number.Find(text); found != nil {
				t.Errorf("%s mentions %s: such a line would differ in every step", file, found)
			}
		}
	}
}

// TestDiffs holds each lesson to the difference that people read:
// make diff STEP=3 shows lesson/diffs/step03.diff, with a sentence on each place.
func TestDiffs(t *testing.T) {
	root := findRoot(t)
	mk := need.Program(t, "make")
	for step := 1; step <= runner.Steps; step++ {
		cmd := exec.CommandContext(need.Context(t), mk, "-s", "diff", "STEP="+runner.StepName(step)[5:])
		cmd.Dir = root
		got, err := cmd.Output()
		if err != nil {
			t.Fatalf("make diff: %v", err)
		}
		file := filepath.Join("..", "lesson", "diffs", runner.StepName(step)+".diff")
		if *update {
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs from the step before it by\n%s\nbut must by\n%s", runner.StepName(step), got, want)
		}
	}
}

// TestVersions holds that a module that several go.mod files name has one
// version, so that a step builds the same alone, in the workspace and in Docker.
func TestVersions(t *testing.T) {
	root := findRoot(t)
	files, err := filepath.Glob(filepath.Join(root, "s*", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	nested, err := filepath.Glob(filepath.Join(root, "shared", "*", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	type use struct{ version, file string }
	first := map[string]use{}
	for _, file := range append(files, nested...) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
			words := strings.Fields(strings.TrimPrefix(lines.Text(), "require "))
			if len(words) < 2 || (!strings.HasPrefix(words[1], "v") && words[0] != "go") {
				continue
			}
			if other, seen := first[words[0]]; seen && other.version != words[1] {
				t.Errorf("%s has %s %s, but %s has %s: run make tidy", file, words[0], words[1], other.file, other.version)
			}
			first[words[0]] = use{words[1], file}
		}
	}
	for module, version := range map[string]string{"gopkg.in/DataDog/dd-trace-go.v1": "v1.74.8", "github.com/gorilla/mux": "v1.8.1"} {
		if first[module].version != version {
			t.Errorf("%s is at %q, but the lessons are written for %s", module, first[module].version, version)
		}
	}
}

// TestServeStaysSmall holds that the plumbing does not grow into a framework.
func TestServeStaysSmall(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(findRoot(t), "shared", "serve", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines += bytes.Count(text, []byte("\n"))
	}
	if lines == 0 || lines >= 250 {
		t.Errorf("shared/serve has %d lines, want fewer than 250", lines)
	}
}

type goPackage struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) (all []goPackage) {
	t.Helper()
	cmd := exec.CommandContext(need.Context(t), "go", "list", "-json=ImportPath,Imports", "thinker/...")
	cmd.Dir = findRoot(t)
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for decoder := json.NewDecoder(bytes.NewReader(output)); decoder.More(); {
		var pkg goPackage
		if err := decoder.Decode(&pkg); err != nil {
			t.Fatal(err)
		}
		all = append(all, pkg)
	}
	if len(all) < 15 {
		t.Fatalf("go list knows %d packages of the workshop", len(all))
	}
	return all
}

func findRoot(t *testing.T) string {
	t.Helper()
	root, err := runner.FindRoot(".")
	if err != nil {
		t.Fatal(err)
	}
	return root
}
