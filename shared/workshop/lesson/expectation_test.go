package lesson_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/runner"
)

// TestExpectations checks that each expectation is complete: a sentence, requests
// that the step sends, and three hints. The code in a hint parses, and that in the
// last one is the step's own.
func TestExpectations(t *testing.T) {
	root := checkout.Root(t)
	for step := 1; step <= runner.Steps; step++ {
		code := linesOf(t, filepath.Join(root, runner.StepName(step)))
		seen := map[string]bool{}
		for _, e := range lesson.Expectations(step) {
			if seen[e.ID] {
				t.Errorf("step %d has two expectations %s", step, e.ID)
			}
			seen[e.ID] = true
			checkExpectation(t, step, e)
			for _, block := range blocks(e.Hints[2]) {
				for line := range strings.Lines(block) {
					line = strings.TrimRight(line, "\n")
					if line != "" && !code[line] {
						t.Errorf("the last hint of %s has a line that is not in %s: %s", e.ID, runner.StepName(step), line)
					}
				}
			}
		}
		if len(seen) == 0 {
			t.Errorf("step %d has no expectations", step)
		}
		for _, e := range lesson.Exercise(step) {
			checkExpectation(t, step, e)
		}
	}
}

// TestHints_Imports checks that a step's last hints import every package that they use,
// unless the file of the code imports it when the step starts.
func TestHints_Imports(t *testing.T) {
	root, err := runner.FindRoot(".")
	if err != nil {
		t.Fatal(err)
	}
	for step := 1; step <= runner.Steps; step++ {
		before, after := codeOf(t, lesson.Start, root, step), codeOf(t, lesson.Solution, root, step)
		packages, hinted := map[string]bool{}, map[string]bool{}
		for file := range after {
			addImports(packages, after[file])
		}
		for _, e := range lesson.Expectations(step) {
			texts := strings.Split(e.Hints[2], "```")
			for i := 1; i < len(texts); i += 2 {
				named := regexp.MustCompile("`(\\w+/\\w+\\.go)`").FindStringSubmatch(texts[i-1])
				block := strings.TrimPrefix(texts[i], "go\n")
				addImports(hinted, "package p\nimport (\n"+block+")")
				if named == nil || before[named[1]] == "" {
					continue // a new file, whose imports are left to the learner's editor
				}
				imported := maps.Clone(hinted)
				addImports(imported, before[named[1]])
				for _, used := range regexp.MustCompile(`\b(\w+)\.[A-Z]`).FindAllStringSubmatch(block, -1) {
					if packages[used[1]] && !imported[used[1]] {
						t.Errorf("the last hint of %s uses %s in %s, which doesn't import it", e.ID, used[1], named[1])
					}
				}
			}
		}
	}
}

func codeOf(t *testing.T, read func(string, int) (lesson.Code, error), root string, step int) lesson.Code {
	t.Helper()
	code, err := read(root, step)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// addImports adds the names of the packages that a file imports. Any other text
// imports none.
func addImports(names map[string]bool, text string) {
	file, err := parser.ParseFile(token.NewFileSet(), "", text, parser.ImportsOnly)
	if err != nil {
		return
	}
	for _, spec := range file.Imports {
		name := path.Base(strings.Trim(spec.Path.Value, `"`))
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = true
	}
}

func checkExpectation(t *testing.T, step int, e lesson.Expectation) {
	t.Helper()
	if !strings.HasSuffix(e.Says, ".") || strings.Contains(e.Says, "\n") {
		t.Errorf("%s says %q, want a sentence", e.ID, e.Says)
	}
	rest := slices.Clone(lesson.Requests(step))
	for _, path := range e.Asks {
		i := slices.Index(rest, path)
		if i < 0 {
			t.Errorf("%s needs GET %s, which step %d does not send, or not that often", e.ID, path, step)
			continue
		}
		rest = slices.Delete(rest, i, i+1)
	}
	for i, hint := range e.Hints {
		if hint == "" {
			t.Errorf("%s has no hint %d", e.ID, i+1)
		}
		for _, block := range blocks(hint) {
			if err := parse(block); err != nil {
				t.Errorf("hint %d of %s has code that does not parse: %v\n%s", i+1, e.ID, err, block)
			}
		}
	}
	if len(blocks(e.Hints[2])) == 0 {
		t.Errorf("the last hint of %s has no code", e.ID)
	}
}

// blocks returns the Go code in a hint.
func blocks(hint string) (code []string) {
	for _, block := range strings.Split(hint, "```go\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		code = append(code, block)
	}
	return code
}

// parse returns an error unless a block is a whole piece of Go: imports, declarations,
// or statements of one function.
func parse(block string) (err error) {
	for _, format := range []string{"package p\nimport (\n%s)", "package p\n%s", "package p\nfunc _() {\n%s}"} {
		if _, err = parser.ParseFile(token.NewFileSet(), "", fmt.Sprintf(format, block), 0); err == nil {
			return nil
		}
	}
	return err
}

// linesOf returns the lines of all Go files in a step's directory.
func linesOf(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no Go files in %s: %v", dir, err)
	}
	lines := map[string]bool{}
	for _, file := range files {
		text := checkout.Read(t, file)
		for line := range strings.Lines(text) {
			lines[strings.TrimRight(line, "\r\n")] = true
		}
	}
	return lines
}
