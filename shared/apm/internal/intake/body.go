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
)

// maxBody limits a request's body, compressed and uncompressed, in bytes.
const maxBody = 25 << 20

// readBody reads a body and decompresses it. It reserves memory as the body arrives, so
// a body that is only announced reserves none.
func (in *Intake) readBody(c *call) ([]byte, error) {
	body, longest := io.Reader(http.MaxBytesReader(c.w, c.r.Body, maxBody)), int64(maxBody)
	switch encoding := c.r.Header.Get("Content-Encoding"); encoding {
	case "", "identity":
		if c.r.ContentLength >= 0 {
			longest = min(longest, c.r.ContentLength)
		}
	case "gzip":
		unpacked, err := gzip.NewReader(body)
		if err != nil {
			return nil, readError(fmt.Errorf("unpack gzip: %w", err))
		}
		// A few compressed bytes may unpack to very many.
		body = http.MaxBytesReader(c.w, io.NopCloser(unpacked), maxBody)
	default:
		return nil, refusal{http.StatusUnsupportedMediaType, reasonEncoding,
			fmt.Errorf("unknown Content-Encoding %q. Use gzip or none", encoding)}
	}

	// Starts small, since a body may stop at once. With one byte more than the body, a
	// read sees its end.
	const first, second = 4 << 10, 64 << 10
	read := in.buffer(min(first, longest+1))
	for {
		if length := int64(len(read)); len(read) == cap(read) {
			size := max(length+1, min(max(second, 2*length), longest+1))
			read = slices.Grow(read, int(size-length))
		}
		n, err := body.Read(read[len(read):cap(read)])
		read = read[:len(read)+n]
		if n > 0 {
			err := c.wait(func(ctx context.Context) error { return c.reservation.arrived(ctx, int64(n), longest) })
			if err != nil {
				return nil, err
			}
		}
		if errors.Is(err, io.EOF) {
			c.reservation.complete(int64(len(read)))
			return read, nil
		}
		if err != nil {
			return nil, readError(err)
		}
	}
}

// readError returns the refusal for a body that couldn't be read.
func readError(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return refusal{http.StatusRequestEntityTooLarge, reasonTooLarge,
			fmt.Errorf("the payload is larger than %d MiB", maxBody>>20)}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return refusal{http.StatusRequestTimeout, reasonSlow,
			fmt.Errorf("the payload arrived too slowly: nothing for %s, or less than %d KiB/s", maxPause, minRate>>10)}
	}
	return refusal{http.StatusBadRequest, reasonMalformed, fmt.Errorf("read body: %w", err)}
}

// buffer returns an empty buffer, if possible one that was used before. A body that grows
// while it is read would otherwise leave as much garbage again.
func (in *Intake) buffer(size int64) []byte {
	if used, ok := in.buffers.Get().(*[]byte); ok {
		return (*used)[:0]
	}
	return make([]byte, 0, size)
}

// releaseBuffer lets a buffer be used again, unless it is large: few bodies are.
func (in *Intake) releaseBuffer(buffer []byte) {
	if cap(buffer) <= 1<<20 {
		in.buffers.Put(&buffer)
	}
}
