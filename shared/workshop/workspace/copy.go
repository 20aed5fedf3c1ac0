package workspace

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"thinker/shared/workshop/lesson"
)

// A Copied is a learner's copy of a step's starting code.
type Copied struct {
	Dir   string
	Found bool   // it existed already, and was not changed
	Aside string // where the previous copy is now; empty if there was none
}

// Copy writes a step's starting code to CopyDir: for step 2, the code of step 1. It
// leaves an existing copy as it is or, with reset, renames it and makes a new one. If it
// fails, there is no half copy, and nothing is lost.
// See decisions/learner-copies.md.
func Copy(root string, step int, reset bool) (Copied, error) {
	copied, err := makeCopy(root, step, reset)
	if err != nil {
		return Copied{}, fmt.Errorf("make a copy for step %d: %w", step, err)
	}
	return copied, nil
}

func makeCopy(root string, step int, reset bool) (_ Copied, err error) {
	release, err := lock(root)
	if err != nil {
		return Copied{}, err
	}
	defer release()

	copied := Copied{Dir: CopyDir(root, step)}
	_, err = os.Lstat(copied.Dir)
	copied.Found = err == nil
	if copied.Found && !reset {
		return copied, nil
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Copied{}, err
	}

	// It is written next to its final place, in case the program is killed.
	half := copied.Dir + ".half"
	defer os.RemoveAll(half)
	if err := os.RemoveAll(half); err != nil {
		return Copied{}, err
	}
	if err := Write(root, step, half); err != nil {
		return Copied{}, err
	}
	giveToOwner(root, half)
	if copied.Found {
		copied.Found, copied.Aside = false, unused(copied.Dir+time.Now().Format(".before-20060102-150405"))
		if err := os.Rename(copied.Dir, copied.Aside); err != nil {
			return Copied{}, err
		}
	}
	if err := os.Rename(half, copied.Dir); err != nil {
		if copied.Aside != "" {
			err = errors.Join(err, os.Rename(copied.Aside, copied.Dir))
		}
		return Copied{}, err
	}
	return copied, nil
}

// Write writes a step's starting code to dir, so that it builds there.
func Write(root string, step int, dir string) error {
	files, err := lesson.Start(root, step)
	if err != nil {
		return err
	}
	if err := addModule(files, root, step, dir); err != nil {
		return err
	}
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// unused returns name, with a number if the name exists.
func unused(name string) string {
	for n, free := 2, name; ; n++ {
		if _, err := os.Lstat(free); err != nil {
			return free
		}
		free = name + "-" + strconv.Itoa(n)
	}
}
