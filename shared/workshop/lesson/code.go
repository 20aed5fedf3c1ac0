package lesson

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Code is the files that a step's two services are built of, by their path in
// the step's directory, with slashes: api/main.go. Neither tests nor what go keeps
// of the module are among them.
type Code map[string]string

// An edit replaces text that stands exactly once in a file.
type edit struct{ file, old, new string }

// untraced takes out of step 1 what lesson 1 puts in: its thinker then has spans
// that nobody records, and none of its own for a thought.
var untraced = []edit{
	{"thinker/main.go", `	tracer.Start(tracer.WithService("thinker-microservice"))
	defer tracer.Stop()

`, ""},
	{"thinker/main.go", `(_ *thought, err error) {
	span, ctx := tracer.StartSpanFromContext(ctx, "think", tracer.Tag("subject", subject))
	defer func() { span.Finish(tracer.WithError(err)) }()

`, `(*thought, error) {
`},
}

// Start is the code that a lesson begins with, read from the workshop's directory:
// that of the step before, and for the first lesson step 1 half untraced.
func Start(root string, step int) (Code, error) {
	if step > 1 {
		return Solution(root, step-1)
	}
	code, err := Solution(root, step)
	if err != nil {
		return nil, err
	}
	for _, e := range untraced {
		if strings.Count(code[e.file], e.old) != 1 {
			return nil, fmt.Errorf("step01/%s has been changed, so no copy can be made from it. To restore it: git restore step01", e.file)
		}
		code[e.file] = strings.Replace(code[e.file], e.old, e.new, 1)
	}
	return code, nil
}

// Solution is the code that a lesson leads to: the step's own.
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

// isCode leaves out what else stands beside code, such as a database.
func isCode(name string) bool {
	switch path.Ext(name) {
	case ".go":
		return !strings.HasSuffix(name, "_test.go")
	case ".sql":
		return true
	}
	return false
}
