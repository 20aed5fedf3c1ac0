package watch_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"thinker/shared/workshop/watch"
)

func TestFiles(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(dir string) error
		notices bool
	}{
		"written":    {func(dir string) error { return write(dir, "api/main.go", "package main // changed") }, true},
		"same size":  {func(dir string) error { return write(dir, "api/main.go", "package niam") }, true},
		"replaced":   {func(dir string) error { return replace(dir, "api/main.go", "package main // new") }, true},
		"a new file": {func(dir string) error { return write(dir, "api/cache.go", "package main") }, true},
		"removed":    {func(dir string) error { return os.Remove(filepath.Join(dir, "api/main.go")) }, true},
		"renamed": {func(dir string) error {
			return os.Rename(filepath.Join(dir, "api"),
				filepath.Join(dir, "ipa"))
		}, true},
		"embedded": {func(dir string) error { return write(dir, "thinker/schema.sql", "CREATE TABLE t (i)") },
			true},
		"go.mod":             {func(dir string) error { return write(dir, "go.mod", "module other") }, true},
		"nothing":            {func(string) error { return nil }, false},
		"a test":             {func(dir string) error { return write(dir, "api/main_test.go", "package main") }, false},
		"an editor's backup": {func(dir string) error { return write(dir, "api/main.go~", "package main") }, false},
		"an editor's lock":   {func(dir string) error { return write(dir, "api/.main.go.swp", "x") }, false},
		"version control":    {func(dir string) error { return write(dir, ".git/index", "x") }, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := code(t)
			before := watch.Snapshot([]string{dir})
			if err := c.change(dir); err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				noticed := make(chan bool, 1)
				go func() { noticed <- watch.Files(t.Context(), before, []string{dir}) }()
				select {
				case <-noticed:
					if !c.notices {
						t.Error("noticed, although it changes no program")
					}
				case <-time.After(time.Second): // of the bubble's clock
					if c.notices {
						t.Error("not noticed")
					}
				}
			})
		})
	}
}

// TestFiles_SlowEditor writes a file in several steps.
func TestFiles_SlowEditor(t *testing.T) {
	dir := code(t)
	before := watch.Snapshot([]string{dir})
	synctest.Test(t, func(t *testing.T) {
		noticed := make(chan bool, 1)
		go func() { noticed <- watch.Files(t.Context(), before, []string{dir}) }()
		text := ""
		for range 40 {
			if err := write(dir, "api/main.go", text); err != nil {
				t.Fatal(err)
			}
			text += "\n"
			time.Sleep(25 * time.Millisecond) // of the bubble's clock
			select {
			case <-noticed:
				t.Fatalf("noticed after %d steps, before the file is complete", len(text))
			default:
			}
		}
		<-noticed
	})
}

func TestFiles_ContextDone(t *testing.T) {
	dir := code(t)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // of the bubble's clock
		defer cancel()
		if watch.Files(ctx, watch.Snapshot([]string{dir}), []string{dir}) {
			t.Error("noticed a change")
		}
	})
}

// BenchmarkSnapshot measures a snapshot of a step's files. A workshop takes five a
// second.
func BenchmarkSnapshot(b *testing.B) {
	sources := []string{"../../../step05", "../../serve"}
	for b.Loop() {
		watch.Snapshot(sources)
	}
}

// code makes a directory like a step's.
func code(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module x", "api/main.go": "package main", "thinker/main.go": "package main", "thinker/schema.sql": "",
	} {
		if err := write(dir, name, text); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func write(dir, name, text string) error {
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// replace writes a file under a temporary name and renames it.
func replace(dir, name, text string) error {
	if err := write(dir, name+".tmp", text); err != nil {
		return err
	}
	return os.Rename(filepath.Join(dir, name+".tmp"), filepath.Join(dir, name))
}
