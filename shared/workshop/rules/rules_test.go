package rules_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/need"
	"thinker/shared/workshop/runner"
)

// rules list what packages may import directly, besides the standard library. A package has
// the first row whose prefix matches. An allowed library includes its packages, and "…/..."
// includes a package and all below it.
var rules = []struct {
	prefix, reason string
	allowed        []string
}{
	{"thinker/step", "a step is read for its lesson: it imports the lesson's libraries and shared/serve", []string{
		"gopkg.in/DataDog/dd-trace-go.v1", "github.com/gorilla/mux", "modernc.org/sqlite",
		"github.com/redis/go-redis/v9",
		"thinker/shared/serve"}},
	{"thinker/shared/serve", "a step that imports serve learns nothing new: it stays with the standard library", nil},
	{"thinker/shared/apm/internal/intake", "intake, store and web meet only in agent", []string{
		"thinker/shared/apm", "thinker/shared/apm/api", "thinker/shared/apm/format",
		"github.com/DataDog/datadog-agent/pkg/proto", "github.com/tinylib/msgp/msgp", "golang.org/x/sync/semaphore"}},
	{"thinker/shared/apm/internal/store", "intake, store and web meet only in agent", []string{
		"thinker/shared/apm", "thinker/shared/apm/internal/segment", "thinker/shared/apm/internal/stats",
		"thinker/shared/apm/query", "github.com/bits-and-blooms/bitset", "github.com/gofrs/flock",
		"github.com/DataDog/sketches-go/ddsketch/mapping", "golang.org/x/sync/errgroup"}},
	{"thinker/shared/apm/internal/segment", "columns know spans and queries, and no files", []string{
		"thinker/shared/apm", "thinker/shared/apm/query", "github.com/klauspost/compress/zstd",
		"github.com/tinylib/msgp/msgp"}},
	{"thinker/shared/apm/internal/webtest", "tests of pages have a real store", []string{
		"thinker/shared/apm", "thinker/shared/apm/api", "thinker/shared/apm/colour", "thinker/shared/apm/guest",
		"thinker/shared/apm/query",
		"thinker/shared/apm/internal/stats", "thinker/shared/apm/internal/store", "thinker/shared/apm/internal/web"}},
	{"thinker/shared/apm/internal/web/chart", "charts draw figures", []string{
		"thinker/shared/apm/format", "thinker/shared/apm/internal/stats"}},
	{"thinker/shared/apm/internal/web/graph", "a layout is geometry", nil},
	{"thinker/shared/apm/internal/web", "intake, store and web meet only in agent", []string{
		"thinker/shared/apm", "thinker/shared/apm/api", "thinker/shared/apm/colour", "thinker/shared/apm/format",
		"thinker/shared/apm/guest",
		"thinker/shared/apm/internal/compare", "thinker/shared/apm/internal/stats",
		"thinker/shared/apm/internal/web/...", "thinker/shared/apm/query"}},
	{"thinker/shared/apm/internal/stats", "figures need only spans", []string{"thinker/shared/apm"}},
	{"thinker/shared/apm/internal/compare", "a comparison needs only spans", []string{"thinker/shared/apm"}},
	{"thinker/shared/apm/format", "texts describe the domain", []string{"thinker/shared/apm"}},
	{"thinker/shared/apm/query", "a query matches spans, wherever they are stored", []string{
		"thinker/shared/apm", "github.com/bits-and-blooms/bitset"}},
	{"thinker/shared/apm/guest", "another program describes its pages with the standard library", nil},
	{"thinker/shared/apm/colour", "the domain needs nothing", nil},
	{"thinker/shared/apm/api", "a program that calls the API needs the domain and HTTP", []string{
		"thinker/shared/apm", "thinker/shared/apm/fetch"}},
	{"thinker/shared/apm/fetch", "a request needs only the standard library", nil},
	{"thinker/shared/apm/tracegen", "a generator knows an agent only over HTTP", []string{
		"thinker/shared/apm", "thinker/shared/apm/api", "thinker/shared/apm/fetch",
		"github.com/DataDog/datadog-agent/pkg/proto", "github.com/DataDog/sketches-go/ddsketch",
		"github.com/tinylib/msgp/msgp"}},
	{"thinker/shared/apm/internal/process", "a process is seen from outside", []string{"thinker/shared/apm/fetch"}},
	{"thinker/shared/apm/agent", "apm stands without the workshop", []string{"thinker/shared/apm/..."}},
	{"thinker/shared/apm/apmtest", "a test has the real agent, and queries it", []string{
		"thinker/shared/apm", "thinker/shared/apm/agent", "thinker/shared/apm/format", "thinker/shared/apm/query"}},
	{"thinker/shared/apm/cmd", "apm stands without the workshop", []string{
		"thinker/shared/apm/...", "github.com/mattn/go-isatty",
		"github.com/spf13/cobra"}},
	{"thinker/shared/apm", "the domain needs nothing", nil},
	{"thinker/shared/workshop/lesson", "a lesson judges spans, wherever they come from", []string{
		"thinker/shared/apm", "thinker/shared/apm/format", "github.com/aymanbagabas/go-udiff"}},
	{"thinker/shared/workshop/pages", "only tests drive a browser", nil},
	{"thinker/shared/workshop", "the workshop uses apm, and no step's code", []string{
		"thinker/shared/apm/...", "thinker/shared/workshop/...", "github.com/spf13/cobra", "github.com/cli/browser",
		"github.com/mattn/go-runewidth", "github.com/alicebob/miniredis/v2", "github.com/shirou/gopsutil/v4",
		"github.com/gofrs/flock", "github.com/yuin/goldmark", "github.com/aymanbagabas/go-udiff",
		"golang.org/x/mod/modfile", "golang.org/x/sys", "golang.org/x/term"}},
}

// TestDependencies_Direct compares packages with their row, and finds rows and entries that
// nothing needs.
func TestDependencies_Direct(t *testing.T) {
	used := map[string]bool{}
	for _, pkg := range packages(t) {
		i := slices.IndexFunc(rules, func(r struct {
			prefix, reason string
			allowed        []string
		}) bool {
			return strings.HasPrefix(pkg.ImportPath, r.prefix)
		})
		if i < 0 {
			t.Errorf("no rule says what %s may import", pkg.ImportPath)
			continue
		}
		rule := rules[i]
		used[rule.prefix] = true
		for _, imported := range pkg.Imports {
			if !strings.Contains(imported, ".") && !strings.HasPrefix(imported, "thinker/") {
				continue // standard library
			}
			at := slices.IndexFunc(rule.allowed, func(allowed string) bool {
				tree, whole := strings.CutSuffix(allowed, "/...")
				return imported == tree || (whole || strings.Contains(allowed, ".")) &&
					strings.HasPrefix(imported, tree+"/")
			})
			if at < 0 {
				t.Errorf("%s imports %s: %s", pkg.ImportPath, imported, rule.reason)
				continue
			}
			used[rule.prefix+" "+rule.allowed[at]] = true
		}
	}
	for _, rule := range rules {
		if !used[rule.prefix] {
			t.Errorf("the row %s matches no package: delete it", rule.prefix)
			continue
		}
		for _, allowed := range rule.allowed {
			if !used[rule.prefix+" "+allowed] {
				t.Errorf("%s may import %s, but doesn't: delete that", rule.prefix, allowed)
			}
		}
	}
}

// layers are in order: a package depends on its own layer and on those above it in this
// list, directly or not. The longest prefix decides a package's layer.
var layers = [][]string{
	{"thinker/shared/serve", "thinker/shared/apm", "thinker/shared/apm/colour", "thinker/shared/apm/guest"},
	{"thinker/step", "thinker/shared/apm/format", "thinker/shared/apm/query", "thinker/shared/apm/internal"},
	{"thinker/shared/apm/internal/intake", "thinker/shared/apm/internal/store", "thinker/shared/apm/internal/web"},
	{"thinker/shared/apm/agent", "thinker/shared/apm/internal/webtest"},
	{"thinker/shared/apm/apmtest", "thinker/shared/apm/cmd"},
	{"thinker/shared/workshop"},
	{"thinker/shared/workshop/check", "thinker/shared/workshop/doctor", "thinker/shared/workshop/site",
		"thinker/shared/workshop/workspace"},
	{"thinker/shared/workshop/cmd"},
}

// withoutHTTP are packages that can't serve or send a request, whatever they import.
var withoutHTTP = []string{
	"thinker/shared/apm", "thinker/shared/apm/colour", "thinker/shared/apm/format", "thinker/shared/apm/query",
	"thinker/shared/apm/internal/compare", "thinker/shared/apm/internal/web/chart",
	"thinker/shared/apm/internal/web/graph",
}

// TestDependencies_Transitive compares packages with their layer, also through other packages.
func TestDependencies_Transitive(t *testing.T) {
	all := packages(t)
	layerOf := func(path string) (layer int) {
		longest := ""
		for i, prefixes := range layers {
			for _, prefix := range prefixes {
				if strings.HasPrefix(path, prefix) && len(prefix) > len(longest) {
					layer, longest = i, prefix
				}
			}
		}
		return layer
	}
	for _, pkg := range all {
		for _, dependency := range pkg.Deps {
			if strings.HasPrefix(dependency, "thinker/") && layerOf(dependency) > layerOf(pkg.ImportPath) {
				t.Errorf("%s depends on %s, which is in a higher layer", pkg.ImportPath, dependency)
			}
		}
	}
	for _, path := range withoutHTTP {
		i := slices.IndexFunc(all, func(pkg goPackage) bool { return pkg.ImportPath == path })
		if i < 0 {
			t.Errorf("there is no package %s", path)
		} else if slices.Contains(all[i].Deps, "net/http") {
			t.Errorf("%s depends on net/http", path)
		}
	}
	for _, prefix := range slices.Concat(layers...) {
		if !slices.ContainsFunc(all, func(pkg goPackage) bool { return strings.HasPrefix(pkg.ImportPath, prefix) }) {
			t.Errorf("the layer of %s has no such package", prefix)
		}
	}
}

// TestSizes reports the types with the most methods, and the packages with the most
// files. Neither has a limit.
func TestSizes(t *testing.T) {
	method := regexp.MustCompile(`(?m)^func \((?:\w+ )?\*?(\w+)`)
	methods, files := map[string]int{}, map[string]int{}
	for _, pkg := range packages(t) {
		files[pkg.ImportPath] = len(pkg.GoFiles)
		for _, file := range pkg.GoFiles {
			for _, found := range method.FindAllStringSubmatch(checkout.Read(t, filepath.Join(pkg.Dir, file)), -1) {
				methods[pkg.ImportPath+"."+found[1]]++
			}
		}
	}
	for what, counts := range map[string]map[string]int{"methods": methods, "files": files} {
		names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return counts[b] - counts[a] })
		for _, name := range names[:min(10, len(names))] {
			t.Logf("%3d %s: %s", counts[name], what, name)
		}
	}
}

// TestSteps checks that neighbouring steps only differ by their lesson.
func TestSteps(t *testing.T) {
	root := checkout.Root(t)
	number := regexp.MustCompile(`(?i)step ?0?[1-5]`)
	for step := 1; step <= runner.Steps; step++ {
		files, err := filepath.Glob(filepath.Join(root, runner.StepName(step), "*", "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s has no Go files: %v", runner.StepName(step), err)
		}
		for _, file := range files {
			if found := number.FindString(checkout.Read(t, file)); found != "" {
				t.Errorf("%s mentions %s: such a line would differ in every step", file, found)
			}
		}
	}
}

// TestDiffs holds each lesson to the difference that people read:
// make diff STEP=3 shows lesson/diffs/step03.diff, with a sentence on each place.
func TestDiffs(t *testing.T) {
	root := checkout.Root(t)
	mk := need.Program(t, "make")
	for step := 1; step <= runner.Steps; step++ {
		cmd := exec.CommandContext(need.Context(t), mk, "-s", "diff", "STEP="+runner.StepName(step)[5:])
		cmd.Dir = root
		got, err := cmd.Output()
		if err != nil {
			t.Fatalf("make diff: %v", err)
		}
		checkout.Compare(t, filepath.Join("..", "lesson", "diffs", runner.StepName(step)+".diff"), string(got))
	}
}

// TestVersions checks that a module has the same version in all go.mod files, so that a step builds the same alone, in the workspace and in Docker.
func TestVersions(t *testing.T) {
	root := checkout.Root(t)
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
		text := checkout.Read(t, file)
		for line := range strings.Lines(text) {
			words := strings.Fields(strings.TrimPrefix(line, "require "))
			if len(words) < 2 || (!strings.HasPrefix(words[1], "v") && words[0] != "go") {
				continue
			}
			if other, seen := first[words[0]]; seen && other.version != words[1] {
				t.Errorf("%s has %s %s, but %s has %s: run make tidy", file, words[0], words[1], other.file,
					other.version)
			}
			first[words[0]] = use{words[1], file}
		}
	}
	for module, version := range map[string]string{"gopkg.in/DataDog/dd-trace-go.v1": "v1.74.8",
		"github.com/gorilla/mux": "v1.8.1"} {
		if first[module].version != version {
			t.Errorf("%s is at %q, but the lessons are written for %s", module, first[module].version, version)
		}
	}
}

// A goPackage is a package without its tests, as go list describes it.
type goPackage struct {
	ImportPath, Dir        string
	Imports, Deps, GoFiles []string
}

// packages returns the packages of this repository.
func packages(t *testing.T) (all []goPackage) {
	t.Helper()
	cmd := exec.CommandContext(need.Context(t), "go", "list", "-json=ImportPath,Dir,Imports,Deps,GoFiles",
		"thinker/...")
	cmd.Dir = checkout.Root(t)
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
	return all
}
