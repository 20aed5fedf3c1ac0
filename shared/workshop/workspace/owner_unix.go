//go:build unix

package workspace

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// giveToOwner changes the owner of files written by root to the owner of the workshop's
// directory: a container runs as root, and the learner then edits the files. It does
// nothing on a file system without owners.
// See decisions/workshop-container.md.
func giveToOwner(root, written string) {
	info, err := os.Stat(root)
	if err != nil || os.Geteuid() != 0 {
		return
	}
	owner, known := info.Sys().(*syscall.Stat_t)
	if !known || owner.Uid == 0 {
		return
	}
	filepath.WalkDir(written, func(name string, _ fs.DirEntry, err error) error {
		if err == nil {
			os.Lchown(name, int(owner.Uid), int(owner.Gid))
		}
		return nil
	})
}
