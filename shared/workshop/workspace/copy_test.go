package workspace_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/need"
	"thinker/shared/workshop/runner"
	"thinker/shared/workshop/workspace"
)

// TestCopy makes a copy for each step, and builds it as a learner, an editor and the
// workshop do.
func TestCopy(t *testing.T) {
	root := checkout.New(t)
	for step := 1; step <= runner.Steps; step++ {
		t.Run(runner.StepName(step), func(t *testing.T) {
			copied, err := workspace.Copy(root, step, false)
			if err != nil {
				t.Fatal(err)
			}
			if copied.Dir != workspace.CopyDir(root, step) || copied.Found || copied.Aside != "" {
				t.Errorf("the first copy: %+v", copied)
			}
			sums := checkout.Read(t, filepath.Join(copied.Dir, "go.work.sum"))
			for _, gowork := range []string{"", "off"} {
				cmd := exec.CommandContext(need.Context(t), "go", "vet", "./...")
				cmd.Dir = copied.Dir
				cmd.Env = append(os.Environ(), "GOWORK="+gowork)
				if output, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("GOWORK=%q go vet ./...: %v\n%s", gowork, err, output)
				}
			}
			if checkout.Read(t, filepath.Join(copied.Dir, "go.work.sum")) != sums {
				t.Error("go had to look up sums that are not in go.work.sum")
			}
			got, err := lesson.ReadCode(copied.Dir)
			if err != nil {
				t.Fatal(err)
			}
			want, err := lesson.Start(root, step)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != len(want) {
				t.Errorf("%d files, want %d", len(got), len(want))
			}
			for name, text := range want {
				if got[name] != text {
					t.Errorf("%s is not what the lesson begins with:\n%s", name, got[name])
				}
			}
		})
	}
	list := exec.CommandContext(need.Context(t), "go", "list", "./...")
	list.Dir = filepath.Join(root, "shared")
	if output, err := list.CombinedOutput(); err != nil || strings.Contains(string(output), "try0") {
		t.Errorf("go list ./... finds the copies: %v\n%s", err, output)
	}
}

// TestCopy_LosesNothing makes copies over a learner's work.
func TestCopy_LosesNothing(t *testing.T) {
	root := checkout.New(t)
	if _, err := workspace.Copy(root, 2, false); err != nil {
		t.Fatal(err)
	}
	mine := filepath.Join(workspace.CopyDir(root, 2), "api", "mine.go")
	checkout.Write(t, mine, "package main\n")

	copied, err := workspace.Copy(root, 2, false)
	if err != nil || !copied.Found || checkout.Read(t, mine) != "package main\n" {
		t.Errorf("a second copy: %+v, %v", copied, err)
	}
	seen := map[string]bool{}
	for range 3 { // in the same second, too
		if copied, err = workspace.Copy(root, 2, true); err != nil || copied.Found || seen[copied.Aside] {
			t.Errorf("a new copy: %+v, %v", copied, err)
		}
		if len(seen) == 0 && checkout.Read(t, filepath.Join(copied.Aside, "api", "mine.go")) != "package main\n" {
			t.Error("what was set aside is not as it was")
		}
		seen[copied.Aside] = true
	}
	if _, err := os.Stat(mine); err == nil {
		t.Error("the new copy is not new")
	}
}

// TestCopy_Failure checks that a failed copy leaves everything unchanged.
func TestCopy_Failure(t *testing.T) {
	root := checkout.New(t)
	if _, err := workspace.Copy(root, 1, false); err != nil {
		t.Fatal(err)
	}
	main := filepath.Join(root, "step01", "thinker", "main.go")
	checkout.Write(t, main, strings.Replace(checkout.Read(t, main), "defer tracer.Stop()", "", 1))
	_, err := workspace.Copy(root, 1, true)
	want := "make a copy for step 1: step01/thinker/main.go has been changed, so no copy can be made from it. " +
		"To restore it: git restore step01"
	if err == nil || err.Error() != want {
		t.Errorf("of a step that was changed: %v, want %s", err, want)
	}
	if err := os.Remove(filepath.Join(root, "step02", "go.sum")); err != nil {
		t.Fatal(err)
	}
	if _, err = workspace.Copy(root, 2, false); err == nil ||
		!strings.Contains(err.Error(), "make a copy for step 2: open ") {
		t.Errorf("without go.sum: %v", err)
	}
	deepen(t, filepath.Join(root, "step03", "api"))
	if _, err = workspace.Copy(root, 4, false); err == nil || !strings.HasPrefix(err.Error(), "make a copy for step 4: ") {
		t.Errorf("where a path becomes too long: %v", err)
	}
	if names := entries(t, workspace.Dir(root)); names != "lock try01" {
		t.Errorf("left behind: %s", names)
	}

	if err := os.RemoveAll(workspace.Dir(root)); err != nil {
		t.Fatal(err)
	}
	checkout.Write(t, workspace.Dir(root), "a file")
	if _, err = workspace.Copy(root, 3, false); err == nil || !strings.Contains(err.Error(), "make a copy for step 3: ") {
		t.Errorf("with a file in the place of .workshop: %v", err)
	}
}

// deepen puts a file as deep into dir as the system allows, so a copy with a longer name
// can't contain it.
func deepen(t *testing.T, dir string) {
	t.Helper()
	for {
		deeper := filepath.Join(dir, "12345678")
		if os.Mkdir(deeper, 0o755) != nil {
			break
		}
		dir = deeper
	}
	checkout.Write(t, filepath.Join(filepath.Dir(dir), "x.go"), "package x\n")
}

// entries returns the names in a directory.
func entries(t *testing.T, dir string) string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range list {
		names = append(names, entry.Name())
	}
	return strings.Join(names, " ")
}
