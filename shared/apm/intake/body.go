package intake

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// maxBody bounds a request's body, as sent and as unpacked, in bytes.
const maxBody = 25 << 20

// enter waits until there is room for the request's body.
func (in *Intake) enter(r *http.Request) (at *place, err error) {
	length := r.ContentLength
	switch encoding := r.Header.Get("Content-Encoding"); encoding {
	case "", "identity":
	case gzipped:
		length = -1 // of what it holds
	default:
		return nil, refusal{http.StatusUnsupportedMediaType, reasonEncoding, fmt.Errorf("Content-Encoding %q is not known here: send gzip or none", encoding)}
	}
	err = in.patiently(r, "a payload", func(ctx context.Context) error {
		at, err = in.room.enter(ctx, length)
		return err
	})
	return at, err
}

const gzipped = "gzip"

// readBody reads and, if need be, unpacks the body of a request that has
// entered. If it is longer than guessed, it may have to wait once more.
func (in *Intake) readBody(w http.ResponseWriter, r *http.Request, at *place) ([]byte, error) {
	var body io.Reader = http.MaxBytesReader(w, r.Body, maxBody)
	if r.Header.Get("Content-Encoding") == gzipped {
		unpacked, err := gzip.NewReader(body)
		if err != nil {
			return nil, unreadable(fmt.Errorf("unpack gzip: %w", err))
		}
		// A few packed bytes may unpack to very many.
		body = http.MaxBytesReader(w, unpacked, maxBody)
	}
	var read bytes.Buffer
	if at.guessed {
		if _, err := read.ReadFrom(io.LimitReader(body, guess)); err != nil {
			return nil, unreadable(err)
		}
		if read.Len() == guess {
			if err := in.patiently(r, "a payload", at.grow); err != nil {
				return nil, err
			}
		}
	} else {
		read.Grow(int(at.first) + bytes.MinRead) // and it need not grow again
	}
	if _, err := read.ReadFrom(body); err != nil {
		return nil, unreadable(err)
	}
	at.settle(int64(read.Len()))
	return read.Bytes(), nil
}

// unreadable says why reading a body failed.
func unreadable(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return refusal{http.StatusRequestEntityTooLarge, reasonTooLarge, fmt.Errorf("the payload is larger than %d MiB", maxBody>>20)}
	}
	return malformed(fmt.Errorf("read body: %w", err))
}
