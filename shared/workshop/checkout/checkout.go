// Package checkout gives a test a workshop's directory of its own, to work in.
package checkout

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"

	"thinker/shared/workshop/need"
	"thinker/shared/workshop/runner"
)

// New copies the steps and what they are built of to a directory that lasts as
// long as the test, and in which it may do what it likes.
func New(t testing.TB) (root string) {
	t.Helper()
	from, err := runner.FindRoot(".")
	if err != nil {
		t.Fatal(err)
	}
	root = filepath.Join(t.TempDir(), "a workshop") // spaces are no obstacle
	dirs := []string{filepath.Join("shared", "serve")}
	for step := 1; step <= runner.Steps; step++ {
		dirs = append(dirs, runner.StepName(step))
	}
	for _, dir := range dirs {
		if err := os.CopyFS(filepath.Join(root, dir), os.DirFS(filepath.Join(from, dir))); err != nil {
			t.Fatal(err)
		}
	}
	// The other modules stay where they are.
	left := strings.NewReplacer("\t./shared/apm\n", "", "\t./shared/workshop\n", "")
	for _, file := range []string{filepath.Join("shared", "go.mod"), "go.work", "go.work.sum"} {
		Write(t, filepath.Join(root, file), left.Replace(Read(t, filepath.Join(from, file))))
	}
	return root
}

// Files returns the names of the files that a clone of this directory would
// have, with its new ones, as slash-separated paths from its root.
func Files(t testing.TB) (names []string) {
	t.Helper()
	root, err := runner.FindRoot(".")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(need.Program(t, "git"), "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = root
	listed, err := cmd.Output()
	if err != nil {
		need.Missing(t, "git doesn't list the files of %s: %v", root, err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(listed), "\x00"), "\x00") {
		// A file that was deleted may still be in git's index.
		if _, err := os.Lstat(filepath.Join(root, name)); err == nil {
			names = append(names, name)
		}
	}
	return names
}

// Clone copies every file that a clone of this directory would have, with its
// edits and its new files, to a directory that lasts as long as the test.
func Clone(t testing.TB) (root string) {
	t.Helper()
	from, err := runner.FindRoot(".")
	if err != nil {
		t.Fatal(err)
	}
	root = filepath.Join(t.TempDir(), "workshop")
	for _, name := range Files(t) {
		if err := copyFile(filepath.Join(from, name), filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// copyFile copies a file with its permissions.
func copyFile(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, text, info.Mode().Perm())
}

// UseShared has the module of a step's copy in dir use the shared module of the
// workshop in root.
func UseShared(t testing.TB, dir, root string) {
	t.Helper()
	shared := filepath.ToSlash(filepath.Join(root, "shared"))
	Edit(t, filepath.Join(dir, "go.mod"), "=> ../shared", "=> "+modfile.AutoQuote(shared))
}

// Edit replaces text in a file, once, as somebody does who works there.
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

// Write has a file say nothing but the text.
func Write(t testing.TB, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
