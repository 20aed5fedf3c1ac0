package lesson

import (
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

// An edit replaces text that occurs exactly once in a file.
type edit struct{ file, old, new string }

// untraced removes from step 1 what lesson 1 adds: the microservice's tracer, and
// the think span.
var untraced = []edit{
	{"thinker/main.go", `	tracer.Start(tracer.WithService("thinker-microservice"))
	defer tracer.Stop()

`, ""},
	{"thinker/main.go", "// think returns a thought on a subject, within a span.\n",
		"// think returns a thought on a subject.\n"},
	{"thinker/main.go", `(_ *thought, err error) {
	span, ctx := tracer.StartSpanFromContext(ctx, "think", tracer.Tag("subject", subject))
	defer func() { span.Finish(tracer.WithError(err)) }()

`, `(*thought, error) {
`},
}

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
	for _, e := range untraced {
		if strings.Count(code[e.file], e.old) != 1 {
			return nil, fmt.Errorf("step01/%s has been changed, so no copy can be made from it. To restore it: "+
				"git restore step01", e.file)
		}
		code[e.file] = strings.Replace(code[e.file], e.old, e.new, 1)
	}
	return code, nil
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
