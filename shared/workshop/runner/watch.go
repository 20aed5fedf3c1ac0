package runner

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
	glance = 200 * time.Millisecond // between two looks at the files
	pause  = 50 * time.Millisecond  // the same, while they are being written
)

// watch returns true once the files below some paths are others than in a picture
// of them, and stayed the same from one look to the next: an editor may write a
// file in several steps. It returns false when ctx is done.
//
// It looks at the files instead of being notified, which works on every system
// and also where notifications do not arrive: on network drives, and on what is
// mounted into a container.
func watch(ctx context.Context, before string, paths []string) bool {
	last := before
	for {
		wait := glance
		if last != before {
			wait = pause
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(wait):
		}
		now := picture(paths)
		if now != before && now == last {
			return true
		}
		last = now
	}
}

// picture is what is known of files without reading them, a line for each that a
// program may be built of.
func picture(paths []string) string {
	var seen strings.Builder
	for _, root := range paths {
		// What cannot be read is not seen: it may be there at the next look.
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

// passedOver tells whether a file is none that a program is built of: a test, or
// what an editor keeps beside the file that it writes.
func passedOver(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "#") ||
		strings.HasSuffix(name, "~") || strings.HasSuffix(name, "_test.go")
}
