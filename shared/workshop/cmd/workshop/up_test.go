package main_test

import (
	"path/filepath"
	"strings"
	"testing"

	"thinker/shared/workshop/checkout"
)

// TestUp_CompileError uses a copy of the workshop in which step02 is broken.
func TestUp_CompileError(t *testing.T) {
	root := checkout.Root(t)
	copied := t.TempDir()
	for _, dir := range []string{"step01", "step02", "shared/serve"} {
		checkout.Copy(t, filepath.Join(root, dir), filepath.Join(copied, dir))
	}
	for name, content := range map[string]string{
		"shared/go.mod":           "module thinker/shared\n\ngo 1.26.0\n",
		"step02/api/broken.go":    "package main\n\nfunc broken() { undefined() }\n",
		"step02/thinker/clash.go": "package main\n\nfunc main() {}\n",
	} {
		checkout.Write(t, filepath.Join(copied, name), content)
	}
	_, _, _, ports := freePorts(t)
	for _, want := range []string{
		"step02 does not build:\n", "broken.go:3:17: undefined: undefined\n", "main redeclared in this block\n",
	} {
		call{"up --step 2 " + strings.Join(ports, " "), 2, []string{want}}.check(t, copied)
	}
}
