package lesson_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/runner"
)

// TestExpectations holds that each expectation is whole: a sentence, requests that
// the step sends, and three hints of which the last is code of the step.
func TestExpectations(t *testing.T) {
	root, err := runner.FindRoot(".")
	if err != nil {
		t.Fatal(err)
	}
	for step := 1; step <= runner.Steps; step++ {
		code := linesOf(t, filepath.Join(root, runner.StepName(step)))
		sent := lesson.Requests(step)
		seen := map[string]bool{}
		for _, e := range lesson.Expectations(step) {
			if seen[e.ID] {
				t.Errorf("step %d has two expectations %s", step, e.ID)
			}
			seen[e.ID] = true
			if !strings.HasSuffix(e.Says, ".") || strings.Contains(e.Says, "\n") {
				t.Errorf("%s says %q, want a sentence", e.ID, e.Says)
			}
			rest := slices.Clone(sent)
			for _, path := range e.Asks {
				i := slices.Index(rest, path)
				if i < 0 {
					t.Errorf("%s asks for %s, which step %d does not send, or not that often", e.ID, path, step)
					continue
				}
				rest = slices.Delete(rest, i, i+1)
			}
			for i, hint := range e.Hints {
				if hint == "" {
					t.Errorf("%s has no hint %d", e.ID, i+1)
				}
			}
			listed := 0
			for _, block := range strings.Split(e.Hints[2], "```go\n")[1:] {
				block, _, _ = strings.Cut(block, "```")
				for line := range strings.Lines(block) {
					line = strings.TrimRight(line, "\n")
					if line != "" && !code[line] {
						t.Errorf("the last hint of %s has a line that is not in %s: %s", e.ID, runner.StepName(step), line)
					}
					listed++
				}
			}
			if listed == 0 {
				t.Errorf("the last hint of %s has no code", e.ID)
			}
		}
		if len(seen) == 0 {
			t.Errorf("step %d has no expectations", step)
		}
	}
}

// linesOf are the lines of all Go files in the directory of a step.
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
