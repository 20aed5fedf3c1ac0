package intake

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// maxBody bounds a request's body, as sent and as unpacked, in bytes.
const maxBody = 25 << 20

// readBody reads and, if need be, unpacks the request's body.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	var body io.Reader = http.MaxBytesReader(w, r.Body, maxBody)
	switch encoding := r.Header.Get("Content-Encoding"); encoding {
	case "", "identity":
	case "gzip":
		unpacked, err := gzip.NewReader(body)
		if err != nil {
			return nil, unreadable(fmt.Errorf("unpack gzip: %w", err))
		}
		// A few packed bytes may unpack to very many.
		body = http.MaxBytesReader(w, unpacked, maxBody)
	default:
		return nil, refusal{http.StatusUnsupportedMediaType, reasonEncoding, fmt.Errorf("Content-Encoding %q is not known here: send gzip or none", encoding)}
	}
	read, err := io.ReadAll(body)
	if err != nil {
		return nil, unreadable(err)
	}
	return read, nil
}

// unreadable says why reading a body failed.
func unreadable(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return refusal{http.StatusRequestEntityTooLarge, reasonTooLarge, fmt.Errorf("the payload is larger than %d MiB", maxBody>>20)}
	}
	return malformed(fmt.Errorf("read body: %w", err))
}
