// Package watch waits until files change.
package watch

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	pollInterval   = 200 * time.Millisecond // between two snapshots of the files
	settleInterval = 50 * time.Millisecond  // the same, while they are being written
)

// Files returns true once the files below some paths differ from a snapshot, and two
// snapshots in a row are the same: an editor may write a file in several steps. It
// returns false when ctx is done.
//
// It polls the files. Notifications don't arrive everywhere, for example on network
// drives and on directories mounted into a container.
// See decisions/polled-files.md.
func Files(ctx context.Context, before string, paths []string) bool {
	last := before
	for {
		wait := pollInterval
		if last != before {
			wait = settleInterval
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(wait):
		}
		now := Snapshot(paths)
		if now != before && now == last {
			return true
		}
		last = now
	}
}

// Snapshot returns the name, size and time of each file that a program may be built
// from, one line for each.
func Snapshot(paths []string) string {
	var seen strings.Builder
	for _, root := range paths {
		// What can't be read is left out. The next snapshot may have it.
		_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return nil
			case entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && path != root:
				return fs.SkipDir
			case entry.IsDir() || passedOver(entry.Name()):
				return nil
			}
			if info, err := os.Stat(path); err == nil {
				fmt.Fprintln(&seen, path, info.Size(), info.ModTime().UnixNano())
			}
			return nil
		})
	}
	return seen.String()
}

// passedOver reports whether programs aren't built from a file: a test, or an editor's
// temporary file.
func passedOver(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "#") ||
		strings.HasSuffix(name, "~") || strings.HasSuffix(name, "_test.go")
}
