package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"github.com/gofrs/flock"
)

// A directory holds a store's files: one for each segment, a log for each segment that
// isn't written yet, and the totals. A store in memory has a directory without a path.
// See decisions/segment-files.md.
type directory struct {
	path string
	lock *flock.Flock

	reading sync.RWMutex     // held for writing while a segment's file is removed, as Windows needs it
	memory  map[int64][]byte // the segments of a store in memory, by sequence number
}

const (
	formatFile = "format"
	format     = "apm traces 1\n" // the content of formatFile
	totalsFile = "totals.json"
	lockFile   = "lock"
	aside      = ".old" // ends the name of a file that was set aside
)

// A ForeignError reports a path at which the store can't keep its files.
type ForeignError struct{ Path, Why string }

func (e ForeignError) Error() string { return fmt.Sprintf("%s %s. It was not changed", e.Path, e.Why) }

// ErrFull reports that the disk has no room for spans.
var ErrFull = errors.New("the disk is full")

// orFull wraps an error of a full disk in ErrFull.
func orFull(err error) error {
	const windowsDiskFull = syscall.Errno(112)
	isFull := errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
	if isFull || runtime.GOOS == "windows" && errors.Is(err, windowsDiskFull) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

// openDirectory opens or creates a directory, for this process alone. A database of an
// earlier version is renamed. An empty path is a directory in memory.
func openDirectory(path string, logger *slog.Logger) (*directory, error) {
	if path == "" {
		return &directory{memory: map[int64][]byte{}}, nil
	}
	for _, old := range []string{path, path + ".db"} {
		if err := setDatabaseAside(old, logger); err != nil {
			return nil, err
		}
	}
	if err := refuseForeign(path); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("make the directory: %w", err)
	}
	if err := os.Chmod(path, 0o700); err != nil {
		logger.Warn("could not make the stored traces private; other users of this machine may read them", "error", err)
	}
	d := &directory{path: path, lock: flock.New(filepath.Join(path, lockFile), flock.SetPermissions(0o600))}
	if locked, err := d.lock.TryLock(); err != nil {
		return nil, fmt.Errorf("lock it: %w", err)
	} else if !locked {
		return nil, ForeignError{path, "is in use by another program"}
	}
	if err := d.write(formatFile, []byte(format)); err != nil && !d.has(formatFile) {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// setDatabaseAside renames an SQLite database in which earlier versions stored traces.
func setDatabaseAside(path string, logger *slog.Logger) error {
	const applicationID = "apm1" // at byte 68 of SQLite's header
	file, err := os.Open(path)
	if err != nil {
		return nil // there is none, or the next step reports the error
	}
	head := make([]byte, 72)
	_, err = io.ReadFull(file, head)
	if closeErr := file.Close(); err != nil || closeErr != nil ||
		!bytes.HasPrefix(head, []byte("SQLite format 3\x00")) || string(head[68:]) != applicationID {
		return nil // a directory, or another program's file
	}
	for _, companion := range []string{"", "-wal", "-shm", "-lock"} {
		err := os.Rename(path+companion, path+companion+aside)
		if err != nil && (companion == "" || !errors.Is(err, fs.ErrNotExist)) {
			return fmt.Errorf("set an older version's traces aside: %w", err)
		}
	}
	logger.Warn("an older version stored these traces; they were set aside and can't be shown", "file", path+aside)
	return nil
}

// refuseForeign returns an error for a path with something that isn't a store's.
func refuseForeign(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("open it: %w", err)
	case !info.IsDir():
		return ForeignError{path, "is not a directory of traces"}
	}
	content, err := os.ReadFile(filepath.Join(path, formatFile))
	switch {
	case err == nil && string(content) == format:
		return nil
	case err == nil && strings.HasPrefix(string(content), "apm traces "):
		return ForeignError{path, fmt.Sprintf("was written by another version of apm (its format is %.20q)",
			strings.TrimSpace(string(content)))}
	case err == nil || !errors.Is(err, fs.ErrNotExist):
		return ForeignError{path, "is not a directory of traces"}
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return fmt.Errorf("open it: %w", err)
	}
	for _, e := range entries {
		if e.Name() != lockFile && e.Name() != formatFile+unfinished { // of an earlier start that was killed
			return ForeignError{path, "is a directory with other files"}
		}
	}
	return nil
}

func (d *directory) has(name string) bool {
	_, err := os.Stat(filepath.Join(d.path, name))
	return err == nil
}

// unfinished ends the name of a file that is being written.
const unfinished = ".tmp"

// write writes a file so that it's there whole or not at all, even after a power cut.
func (d *directory) write(name string, content []byte) (err error) {
	path := filepath.Join(d.path, name)
	file, err := os.OpenFile(path+unfinished, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return orFull(err)
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(path+unfinished, path)
	}
	if err != nil {
		_ = os.Remove(path + unfinished) // which takes room on a full disk
		return orFull(err)
	}
	d.sync()
	return nil
}

// sync makes the directory's entries outlast a power cut, on systems that can.
func (d *directory) sync() {
	if dir, err := os.Open(d.path); err == nil {
		_ = dir.Sync() // not on Windows
		_ = dir.Close()
	}
}

// A name says what a file of the directory is for.
type name struct {
	seq     int64
	rows    int // of a segment
	log     bool
	damaged bool // a segment that was set aside
}

func (n name) String() string {
	switch text := fmt.Sprintf("%016d", n.seq); {
	case n.log:
		return text + ".log"
	case n.damaged:
		return fmt.Sprintf("%s-%d.damaged", text, n.rows)
	default:
		return fmt.Sprintf("%s-%d.segment", text, n.rows)
	}
}

// list returns the segments and logs, by sequence number, and removes what a killed program
// left unfinished.
func (d *directory) list() (names []name, err error) {
	if d.path == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), unfinished) {
			_ = os.Remove(filepath.Join(d.path, e.Name())) // it's removed at the next start
			continue
		}
		var n name
		var kind string
		if _, err := fmt.Sscanf(e.Name(), "%d-%d.%s", &n.seq, &n.rows, &kind); err != nil {
			_, _ = fmt.Sscanf(e.Name(), "%d.%s", &n.seq, &kind) // no other file fits
		}
		n.log, n.damaged = kind == "log", kind == "damaged"
		if n.String() == e.Name() {
			names = append(names, n)
		}
	}
	return names, nil
}

// writeSegment writes a segment's file.
func (d *directory) writeSegment(n name, content []byte) error {
	if d.path == "" {
		d.reading.Lock()
		defer d.reading.Unlock()
		d.memory[n.seq] = content
		return nil
	}
	if err := d.write(n.String(), content); err != nil {
		return fmt.Errorf("write a segment: %w", err)
	}
	return nil
}

// readSegment calls do with the file of a segment. It returns errEvicted if it was evicted.
func (d *directory) readSegment(n name, do func(file io.ReaderAt, size int64) error) error {
	d.reading.RLock()
	defer d.reading.RUnlock()
	if d.path == "" {
		content, ok := d.memory[n.seq]
		if !ok {
			return errEvicted
		}
		return do(bytes.NewReader(content), int64(len(content)))
	}
	file, err := os.Open(filepath.Join(d.path, n.String()))
	if errors.Is(err, fs.ErrNotExist) {
		return errEvicted
	}
	if err != nil {
		return fmt.Errorf("read a segment: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("read a segment: %w", err)
	}
	return do(file, info.Size())
}

// remove removes a file. A missing one is no error.
func (d *directory) remove(n name) error {
	d.reading.Lock()
	defer d.reading.Unlock()
	if d.path == "" {
		delete(d.memory, n.seq)
		return nil
	}
	if err := os.Remove(filepath.Join(d.path, n.String())); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove old traces: %w", err)
	}
	return nil
}

// setAside renames the file of a damaged segment.
// See decisions/damaged-segments.md.
func (d *directory) setAside(n name) error {
	d.reading.Lock()
	defer d.reading.Unlock()
	if d.path == "" {
		return nil
	}
	to := n
	to.damaged = true
	return os.Rename(filepath.Join(d.path, n.String()), filepath.Join(d.path, to.String()))
}

// totals are what outlasts a restart besides the spans.
type totals struct {
	First                       int64 // the sequence number of the oldest part
	EvictedTraces, EvictedSpans int
	EvictedBy                   string
}

func (d *directory) readTotals() (t totals) {
	content, err := os.ReadFile(filepath.Join(d.path, totalsFile))
	if d.path == "" || err != nil || json.Unmarshal(content, &t) != nil {
		return totals{} // nothing was evicted yet, or the counts begin anew
	}
	return t
}

// writeTotals writes totals. Without it, as on a full disk, what is evicted now is no
// longer counted after a restart.
func (d *directory) writeTotals(t totals) {
	if d.path != "" {
		content, _ := json.Marshal(t) // it has plain fields
		_ = d.write(totalsFile, content)
	}
}

// removed reports whether the directory has been removed.
func (d *directory) removed() bool {
	return d.path != "" && !d.has(formatFile)
}

func (d *directory) close() error {
	if d.lock == nil {
		return nil
	}
	return d.lock.Close()
}
