package apm_test

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestImports holds the rule of this module: cmd → agent → intake, web, store
// → search → apm. The three in the middle do not know each other; they meet
// through small interfaces, declared where they are used, so that each can be
// replaced by itself. A query is what web asks store for, so both know search.
// The domain, apm, search and colour, does no I/O.
func TestImports(t *testing.T) {
	const module = "thinker/shared/apm"
	allowed := map[string][]string{
		".":       {},
		"colour":  {},
		"search":  {"."},
		"intake":  {"."},
		"store":   {".", "search"},
		"web":     {".", "colour", "search"},
		"agent":   {".", "colour", "intake", "store", "web"},
		"cmd/apm": {".", "agent", "search"},
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"*/*.go", "*/*/*.go"} {
		more, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, more...)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		from := filepath.ToSlash(filepath.Dir(file))
		permitted, known := allowed[from]
		if !known {
			t.Errorf("%s: this test does not know what %s may import", file, from)
		}
		for _, spec := range parsed.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			to, ours := strings.CutPrefix(path, module)
			if to = strings.TrimPrefix(to, "/"); to == "" {
				to = "."
			}
			if ours && !slices.Contains(permitted, to) {
				t.Errorf("%s imports %s, which %s may not", file, path, from)
			}
			if third := strings.Contains(strings.SplitN(path, "/", 2)[0], "."); third && from != "intake" {
				t.Errorf("%s imports %s: only intake needs another module", file, path)
			}
		}
	}
}
