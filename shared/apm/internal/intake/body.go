package intake

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"sync"
)

// maxBody bounds a request's body, as sent and as unpacked, in bytes.
const maxBody = 25 << 20

const gzipped = "gzip"

// readBody reads and, if need be, unpacks a body. It takes room as the body
// arrives: what is only announced takes none.
func (in *Intake) readBody(w http.ResponseWriter, r *http.Request, at *place) ([]byte, error) {
	body, longest := io.Reader(http.MaxBytesReader(w, r.Body, maxBody)), int64(maxBody)
	switch encoding := r.Header.Get("Content-Encoding"); encoding {
	case "", "identity":
		if r.ContentLength >= 0 {
			longest = min(longest, r.ContentLength)
		}
	case gzipped:
		unpacked, err := gzip.NewReader(body)
		if err != nil {
			return nil, unreadable(fmt.Errorf("unpack gzip: %w", err))
		}
		// A few packed bytes may unpack to very many.
		body = http.MaxBytesReader(w, io.NopCloser(unpacked), maxBody)
	default:
		return nil, refusal{http.StatusUnsupportedMediaType, reasonEncoding, fmt.Errorf("unknown Content-Encoding %q. Use gzip or none", encoding)}
	}

	// A body that stops at once takes little. One byte more lets the end be seen.
	const first, second = 4 << 10, 64 << 10
	read := getBuffer()
	if read == nil {
		read = make([]byte, 0, min(first, longest+1))
	}
	for {
		if len(read) == cap(read) {
			size := max(int64(len(read))+1, min(max(second, 2*int64(len(read))), longest+1))
			read = slices.Grow(read, int(size)-len(read))
		}
		n, err := body.Read(read[len(read):cap(read)])
		read = read[:len(read)+n]
		if n > 0 {
			if err := in.patiently(r, "a payload", func(ctx context.Context) error { return at.arrived(ctx, int64(n), longest) }); err != nil {
				return nil, err
			}
		}
		if errors.Is(err, io.EOF) {
			at.settle(int64(len(read)))
			return read, nil
		}
		if err != nil {
			return nil, unreadable(err)
		}
	}
}

// unreadable says why reading a body failed.
func unreadable(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return refusal{http.StatusRequestEntityTooLarge, reasonTooLarge, fmt.Errorf("the payload is larger than %d MiB", maxBody>>20)}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return refusal{http.StatusRequestTimeout, reasonSlow, fmt.Errorf("the payload arrived too slowly: nothing for %s, or less than %d KiB/s", stall, slowest>>10)}
	}
	return malformed(fmt.Errorf("read body: %w", err))
}

// buffers are of bodies that have been decoded: a body that grows while it is
// read would else leave as much again to be collected.
var buffers sync.Pool

// getBuffer returns an empty buffer that was used before; nil if there is none.
func getBuffer() []byte {
	if buffer, ok := buffers.Get().(*[]byte); ok {
		return (*buffer)[:0]
	}
	return nil
}

// putBuffer has a buffer be used again, unless it is large, as few bodies are.
func putBuffer(buffer []byte) {
	const most = 1 << 20
	if cap(buffer) <= most {
		buffers.Put(&buffer)
	}
}
