package lesson_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/runner"
)

// TestExpectations checks that each expectation is complete: a sentence, requests
// that the step sends, and three hints. The code in a hint parses, and that in the
// last one is the step's own.
func TestExpectations(t *testing.T) {
	root, err := runner.FindRoot(".")
	if err != nil {
		t.Fatal(err)
	}
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
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			lines[strings.TrimRight(line, "\r\n")] = true
		}
	}
	return lines
}
