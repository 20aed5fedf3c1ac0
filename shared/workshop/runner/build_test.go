package runner_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/need"
	"thinker/shared/workshop/runner"
)

// TestBuild_CompileErrorPaths checks that the file names in a compiler's message are
// relative to the current directory.
func TestBuild_CompileErrorPaths(t *testing.T) {
	target := copyOf(t, 1)
	here := filepath.Dir(target.Dir)
	root := checkout.Root(t)
	t.Chdir(here)
	broken := filepath.Join("try01", "api", "broken.go")
	checkout.Write(t, broken, "package main\n\nfunc main() { undefined() }\n")
	_, err := runner.Build(need.Context(t), root, t.TempDir(), target, false, func(string) {})
	failed, is := errors.AsType[*runner.CompileError](err)
	if !is {
		t.Fatalf("it says %v", err)
	}
	for _, want := range []string{
		broken + ":3:15: undefined: undefined\n",
		"\t" + broken + ":3:6: other declaration of main\n",
		filepath.Join("try01", "api", "main.go") + ":", // … main redeclared
	} {
		if !strings.Contains(failed.Output, want) {
			t.Errorf("the compiler says\n%s\nwithout %q", failed.Output, want)
		}
	}
}
