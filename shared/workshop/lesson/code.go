package lesson

import (
	_ "embed"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Code holds the files of a step's two services by their path in the step's
// directory, with slashes: api/main.go. It has no tests and no go.mod.
type Code map[string]string

// untraced removes from step 1 what lesson 1 adds: the microservice's tracer, and
// the think span.
//
//go:embed changes/untraced.diff
var untraced string

// Start reads the code that a lesson starts with from the workshop's directory: the
// step before, and for lesson 1 a step 1 whose microservice isn't traced.
func Start(root string, step int) (Code, error) {
	if step > 1 {
		return Solution(root, step-1)
	}
	code, err := Solution(root, step)
	if err != nil {
		return nil, err
	}
	if file := code.Apply(untraced); file != "" {
		return nil, fmt.Errorf("step01/%s has been changed, so no copy can be made from it. "+
			"To restore it: git restore step01", file)
	}
	return code, nil
}

// Apply changes the code by a diff without line numbers: after --- and a file's name, each
// hunk begins with @@. The old lines of a hunk occur exactly once in the file, and a hunk
// without any creates the file. Apply returns a file that the diff doesn't fit, or "".
func (c Code) Apply(diff string) (unfit string) {
	for _, change := range strings.Split("\n"+diff, "\n--- ")[1:] {
		file, hunks, _ := strings.Cut(change+"\n", "\n")
		for _, hunk := range strings.Split("\n"+strings.TrimSuffix(hunks, "\n"), "\n@@\n")[1:] {
			before, after := "", ""
			for line := range strings.SplitSeq(strings.TrimSuffix(hunk, "\n"), "\n") {
				if line[0] != '+' {
					before += line[1:] + "\n"
				}
				if line[0] != '-' {
					after += line[1:] + "\n"
				}
			}
			if before != "" && strings.Count(c[file], before) != 1 {
				return file
			}
			c[file] = strings.Replace(c[file], before, after, 1)
		}
	}
	return ""
}

// Solution reads the code that a lesson leads to: that of the step itself.
func Solution(root string, step int) (Code, error) {
	return ReadCode(filepath.Join(root, fmt.Sprintf("step%02d", step)))
}

// ReadCode reads the code of both services in a directory.
func ReadCode(dir string) (Code, error) {
	code, files := Code{}, os.DirFS(dir)
	for _, service := range []string{"api", "thinker"} {
		err := fs.WalkDir(files, service, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() || !isCode(entry.Name()) {
				return err
			}
			text, err := fs.ReadFile(files, name)
			code[name] = strings.ReplaceAll(string(text), "\r\n", "\n")
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("read the code in %s: %w", dir, err)
		}
	}
	return code, nil
}

// A clue is text in a service's code, or its absence, that shows the cause of a fault.
type clue struct {
	has, lacks string // regular expressions; an empty one says nothing
	cause      string
}

// likely returns the cause of the first clue that fits the code of a service. If the code
// isn't known, or if none fits, it returns unknown.
func (c Code) likely(service, unknown string, clues ...clue) string {
	code := c.all(service)
	contains := func(pattern string) bool { return regexp.MustCompile(pattern).MatchString(code) }
	for _, clue := range clues {
		if code != "" && contains(clue.has) && (clue.lacks == "" || !contains(clue.lacks)) {
			return clue.cause
		}
	}
	return unknown
}

// all joins the Go files of a service.
func (c Code) all(service string) string {
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(c)) {
		if strings.HasPrefix(name, service+"/") && strings.HasSuffix(name, ".go") {
			out.WriteString(c[name])
		}
	}
	return out.String()
}

// isCode leaves out other files next to the code, such as a database.
func isCode(name string) bool {
	return strings.HasSuffix(name, ".sql") || strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go")
}
