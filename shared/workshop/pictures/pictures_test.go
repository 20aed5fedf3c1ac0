package pictures

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"thinker/shared/workshop/runner"
)

var update = flag.Bool("update", false, "write the pictures instead of comparing them")

// TestDraw_FilesAreUpToDate compares the pictures with the files that READMEs show.
func TestDraw_FilesAreUpToDate(t *testing.T) {
	root, err := runner.FindRoot(".")
	if err != nil {
		t.Fatal(err)
	}
	pictures, err := Draw(os.DirFS("testdata"))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range pictures {
		file := filepath.Join(root, filepath.FromSlash(path))
		if *update {
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is out of date (%v): run make pictures", path, err)
		}
	}
}
