// Package workspace is the workshop's directory, and what is kept in its
// .workshop: a learner's own copies of steps, and which lessons were reached.
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

// Dir is the directory in root that is nobody's but the workshop's: it is made
// where it is missing, and git and Docker leave it out.
func Dir(root string) string { return filepath.Join(root, ".workshop") }

// CopyDir is where the learner's own copy for a lesson is, or will be:
// .workshop/try02 for lesson 2.
func CopyDir(root string, step int) string {
	return filepath.Join(Dir(root), "try0"+strconv.Itoa(step))
}

// patience is for another workshop command that writes, which takes milliseconds.
const patience = 10 * time.Second

// lock keeps other workshop commands from writing to Dir until release is called.
// Its file is where locks work.
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
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	held := flock.New(file)
	if _, err := held.TryLockContext(ctx, 10*time.Millisecond); ctx.Err() != nil {
		return nil, fmt.Errorf("another workshop command holds %s: end it, and run this again", file)
	} else if err != nil {
		return nil, err
	}
	giveToOwner(root, file)
	return func() { held.Close() }, nil
}
