// Package workspace manages .workshop in the workshop's directory: the learner's own
// copies of steps, and their progress.
package workspace

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gofrs/flock"

	"thinker/shared/workshop/runner"
)

// Dir returns the directory for everything the workshop writes. It is made when
// needed; git and Docker ignore it.
func Dir(root string) string { return filepath.Join(root, ".workshop") }

// CopyDir returns the path of the learner's copy of a step, whether it exists or not:
// .workshop/try02 for step 2.
func CopyDir(root string, step int) string {
	return filepath.Join(Dir(root), "try0"+strconv.Itoa(step))
}

// lockTimeout is far longer than another command takes to write.
const lockTimeout = 10 * time.Second

// lock keeps other workshop commands from writing to Dir until release is called. The
// lock file is in the data directory, since locks don't work on every mount.
func lock(root string) (release func(), err error) {
	if err := os.Mkdir(Dir(root), 0o755); err == nil {
		giveToOwner(root, Dir(root))
	} else if !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	if err := os.MkdirAll(runner.DataDir(root), 0o755); err != nil {
		return nil, err
	}
	file := filepath.Join(runner.DataDir(root), "lock")
	ctx, cancel := context.WithTimeout(context.Background(), lockTimeout)
	defer cancel()
	held := flock.New(file)
	if _, err := held.TryLockContext(ctx, 10*time.Millisecond); ctx.Err() != nil {
		return nil, fmt.Errorf("another workshop command has locked %s. Stop it, then run this again", file)
	} else if err != nil {
		return nil, err
	}
	giveToOwner(root, file)
	return func() { held.Close() }, nil
}
