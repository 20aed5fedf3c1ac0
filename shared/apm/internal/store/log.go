package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// A log is a file with the spans of a segment that isn't written yet. A record follows
// its length and checksum. Records are only appended.
// See decisions/acknowledged-means-logged.md.
type log struct {
	file *os.File // nil for a store in memory
	size int64    // of the whole records
	torn bool     // there are bytes after them, of a record that could not be written
}

const recordHead = 8 // bytes

// maxRecord limits the records that are read. An intake limits payloads to less.
const maxRecord = 32 << 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// createLog creates the log of the part with a sequence number.
func (d *directory) createLog(seq int64) (*log, error) {
	if d.path == "" {
		return &log{}, nil
	}
	file, err := os.OpenFile(d.logPath(seq), os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create a log: %w", orFull(err))
	}
	d.sync()
	return &log{file: file}, nil
}

func (d *directory) logPath(seq int64) string {
	return filepath.Join(d.path, name{seq: seq, log: true}.String())
}

// openLog opens the log of a part and calls do with each whole record. It goes on
// after the last of them. unreadable is how many bytes after it were no record; cut
// reports whether they may be the beginning of one, as a killed program leaves it.
func (d *directory) openLog(seq int64, do func(record []byte) error) (l *log, unreadable int64, cut bool, err error) {
	file, err := os.OpenFile(d.logPath(seq), os.O_RDWR, 0o600)
	if err != nil {
		return nil, 0, false, fmt.Errorf("open a log: %w", err)
	}
	l = &log{file: file, torn: true}
	for {
		record, err := l.next()
		if err == nil {
			err = do(record)
		}
		if err != nil {
			end, seekErr := file.Seek(0, io.SeekEnd)
			if seekErr != nil {
				return l, 0, false, fmt.Errorf("read a log: %w", seekErr)
			}
			return l, end - l.size, errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF), nil
		}
		l.size += int64(recordHead + len(record))
	}
}

// next reads the record after the whole ones.
func (l *log) next() ([]byte, error) {
	from := io.NewSectionReader(l.file, l.size, recordHead+maxRecord)
	var head [recordHead]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return nil, err
	}
	length := binary.LittleEndian.Uint32(head[:])
	if length == 0 || length > maxRecord {
		return nil, fmt.Errorf("a record of %d bytes", length)
	}
	record := make([]byte, 0, min(length, 1<<20)) // a damaged length takes no memory
	for len(record) < int(length) {
		n := min(int(length)-len(record), 1<<20)
		record = append(record, make([]byte, n)...)
		if _, err := io.ReadFull(from, record[len(record)-n:]); err != nil {
			return nil, io.ErrUnexpectedEOF
		}
	}
	if crc32.Checksum(record, castagnoli) != binary.LittleEndian.Uint32(head[4:]) {
		return nil, errors.New("a record's checksum is wrong")
	}
	return record, nil
}

// append appends a record. After an error, the log is as it was.
func (l *log) append(record []byte) error {
	if l.file == nil {
		return nil
	}
	if l.torn {
		if err := l.file.Truncate(l.size); err != nil {
			return fmt.Errorf("shorten the log: %w", orFull(err))
		}
		l.torn = false
	}
	bytes := make([]byte, recordHead, recordHead+len(record))
	binary.LittleEndian.PutUint32(bytes, uint32(len(record)))
	binary.LittleEndian.PutUint32(bytes[4:], crc32.Checksum(record, castagnoli))
	if _, err := l.file.WriteAt(append(bytes, record...), l.size); err != nil {
		l.torn = true
		return fmt.Errorf("write to the log: %w", orFull(err))
	}
	l.size += int64(recordHead + len(record))
	return nil
}

// undo removes the records after a size.
func (l *log) undo(size int64) { l.size, l.torn = size, true }

// sync brings the log to the disk. A log that was removed meanwhile is no error.
func (l *log) sync() error {
	if l.file == nil {
		return nil
	}
	if err := l.file.Sync(); err != nil && !errors.Is(err, fs.ErrClosed) {
		return fmt.Errorf("sync traces to disk: %w", err)
	}
	return nil
}

func (l *log) close() error {
	if l.file == nil {
		return nil
	}
	if l.torn {
		_ = l.file.Truncate(l.size) // what is after it is skipped at the next start, too
	}
	return l.file.Close()
}
