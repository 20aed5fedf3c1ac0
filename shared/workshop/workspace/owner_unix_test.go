//go:build unix

package workspace_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/workspace"
)

// TestOwner gives the workshop to another user, if the test may, as a container's root
// may.
func TestOwner(t *testing.T) {
	root := checkout.New(t)
	if os.Geteuid() == 0 {
		if err := os.Chown(root, 12345, 12346); err != nil {
			t.Fatal(err)
		}
	}
	want := owner(t, root)
	if _, err := workspace.Copy(root, 2, false); err != nil {
		t.Fatal(err)
	}
	if err := workspace.Reach(root, workspace.Reached{Step: 2, Dir: root}); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(workspace.Dir(root), func(name string, _ fs.DirEntry, err error) error {
		if got := owner(t, name); got != want {
			t.Errorf("%s belongs to %v, want %v", name, got, want)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func owner(t *testing.T, name string) [2]uint32 {
	t.Helper()
	info, err := os.Lstat(name)
	if err != nil {
		t.Fatal(err)
	}
	stat := info.Sys().(*syscall.Stat_t)
	return [2]uint32{stat.Uid, stat.Gid}
}
