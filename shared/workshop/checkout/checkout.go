// Package checkout is what tests share: the workshop's directory, copies of it to change,
// and golden files.
package checkout

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aymanbagabas/go-udiff"
	"golang.org/x/mod/modfile"

	"thinker/shared/workshop/need"
	"thinker/shared/workshop/runner"
)

// update is go test's flag -update.
var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// Root returns the workshop's directory.
func Root(t testing.TB) string {
	t.Helper()
	root, err := runner.FindRoot(".")
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// Compare fails the test if a golden file differs from got. With -update, it writes the
// file.
func Compare(t testing.TB, file, got string) {
	t.Helper()
	if *update {
		Write(t, file, got)
		return
	}
	want := strings.ReplaceAll(Read(t, file), "\r\n", "\n") // as git may write it on Windows
	if got != want {
		t.Errorf("%s differs; go test -update writes it:\n%s", file, udiff.Unified("want", "got", want, got))
	}
}

// Updates reports whether tests write golden files.
func Updates() bool { return *update }

// New copies the steps and what they are built from to a temporary directory, which the
// test may change.
func New(t testing.TB) (root string) {
	t.Helper()
	from := Root(t)
	root = filepath.Join(t.TempDir(), "a workshop") // spaces are no obstacle
	dirs := []string{filepath.Join("shared", "serve")}
	for step := 1; step <= runner.Steps; step++ {
		dirs = append(dirs, runner.StepName(step))
	}
	for _, dir := range dirs {
		Copy(t, filepath.Join(from, dir), filepath.Join(root, dir))
	}
	// The other modules aren't copied.
	left := strings.NewReplacer("\t./shared/apm\n", "", "\t./shared/workshop\n", "")
	for _, file := range []string{filepath.Join("shared", "go.mod"), "go.work", "go.work.sum"} {
		Write(t, filepath.Join(root, file), left.Replace(Read(t, filepath.Join(from, file))))
	}
	return root
}

// Files returns the files that a clone of this directory would have, with its new ones,
// as slash-separated paths from its root.
func Files(t testing.TB) (names []string) {
	t.Helper()
	root := Root(t)
	cmd := exec.Command(need.Program(t, "git"), "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = root
	listed, err := cmd.Output()
	if err != nil {
		need.Missing(t, "git doesn't list the files of %s: %v", root, err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(listed), "\x00"), "\x00") {
		// A deleted file may still be in git's index.
		if _, err := os.Lstat(filepath.Join(root, name)); err == nil {
			names = append(names, name)
		}
	}
	return names
}

// Clone copies every file that a clone of this directory would have, with its edits and
// new files, to a temporary directory.
func Clone(t testing.TB) (root string) {
	t.Helper()
	from := Root(t)
	root = filepath.Join(t.TempDir(), "workshop")
	for _, name := range Files(t) {
		info, err := os.Stat(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		copied := filepath.Join(root, name)
		Write(t, copied, Read(t, filepath.Join(from, name)))
		if err := os.Chmod(copied, info.Mode().Perm()); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// UseShared makes the module of a step's copy in dir use the shared module in root.
func UseShared(t testing.TB, dir, root string) {
	t.Helper()
	shared := filepath.ToSlash(filepath.Join(root, "shared"))
	Edit(t, filepath.Join(dir, "go.mod"), "=> ../shared", "=> "+modfile.AutoQuote(shared))
}

// Copy copies a directory.
func Copy(t testing.TB, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

// Edit replaces the first occurrence of a text in a file.
func Edit(t testing.TB, file, old, new string) {
	t.Helper()
	text := Read(t, file)
	changed := strings.Replace(text, old, new, 1)
	if changed == text {
		t.Fatalf("%s has no %q", file, old)
	}
	Write(t, file, changed)
}

// Read returns the text of a file.
func Read(t testing.TB, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Write writes a file, and makes its directory.
func Write(t testing.TB, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
