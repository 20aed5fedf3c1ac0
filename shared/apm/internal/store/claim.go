package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// lockSuffix ends the name of the lock file. The lock ends with its process, but
// the file stays: it shows which name of a database is in use.
const lockSuffix = "-lock"

// claim makes the directory and locks the file at path for this program alone.
// Through a symbolic link it locks the file that the link leads to, where SQLite
// keeps its write-ahead log too.
func (f *file) claim(path string) (err error) {
	if f.path, err = followLinks(path); err != nil {
		return fmt.Errorf("open it: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return fmt.Errorf("make the directory: %w", err)
	}
	if err := refuseSecondName(f.path); err != nil {
		return err
	}
	f.lock = flock.New(f.path + lockSuffix)
	if locked, err := f.lock.TryLock(); err != nil {
		return fmt.Errorf("lock it: %w", err)
	} else if !locked {
		return ForeignError{path, "is in use by another program"}
	}
	return nil
}

// followLinks returns the path that a symbolic link leads to, whether or not a
// file is there; any other path is returned as it is.
func followLinks(path string) (string, error) {
	const most = 40 // as on Linux
	for range most {
		target, err := os.Readlink(path)
		if err != nil {
			return path, nil // not a link, or nothing at all
		}
		if !filepath.IsAbs(target) {
			dir, _ := filepath.Split(path)
			target = dir + target // not cleaned: dir/.. may be elsewhere if dir is a link
		}
		path = target
	}
	return "", fmt.Errorf("%s has more than %d symbolic links", path, most)
}

// refuseSecondName refuses a hard link to a database, unless it is the name that
// the database has been used by. SQLite names the write-ahead log after the
// database, so under another name the latest spans would be missing, and then lost.
func refuseSecondName(path string) error {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return nil // whatever is wrong with the file is found when it is opened
	}
	id, names, err := identify(path)
	if err != nil {
		return fmt.Errorf("open it: %w", err)
	}
	if names == 1 {
		return nil
	}
	used, err := os.ReadFile(path + lockSuffix)
	if errors.Is(err, os.ErrNotExist) || len(used) > 0 && string(used) != id {
		return ForeignError{path, "is a hard link, and its latest traces are next to the file's other name. Use that name, or copy the file"}
	}
	return nil
}

// noteUse writes into the lock file which database this name is for, as another
// file may come in its place. It isn't told apart from one where that is unknown.
func (f *file) noteUse() {
	if id, _, err := identify(f.path); err == nil && id != "" {
		_ = os.WriteFile(f.lock.Path(), []byte(id), 0o600)
	}
}
