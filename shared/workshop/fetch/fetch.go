// Package fetch sends GET requests to programs whose response may be anything: code
// under development, or any other program on the port.
package fetch

import (
	"context"
	"fmt"
	"io"
	"net/http"
)

// Limit is how much of a response most callers read, in bytes: 1 MiB. It is far
// more than any response of the workshop's services.
const Limit = 1 << 20

// A Response is a server's response.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Location returns where a redirect leads to; it is empty for other responses.
func (r Response) Location() string {
	if r.Status < 300 || r.Status > 399 {
		return ""
	}
	return r.Header.Get("Location")
}

// A TooLongError reports a response whose body is longer than the caller reads.
type TooLongError struct{ Limit int64 }

func (e *TooLongError) Error() string {
	return fmt.Sprintf("the response is longer than %d MiB", e.Limit>>20)
}

// Direct returns a transport for requests to this machine and its containers. It
// uses no proxy, whatever the environment says.
func Direct() *http.Transport { return &http.Transport{DisableKeepAlives: true} }

// Get sends a GET request and returns the response, whatever its status. It
// follows no redirect: that may lead to any host. A body longer than limit bytes
// is a *TooLongError, and is read no further. Callers bound the time by ctx.
func Get(ctx context.Context, transport http.RoundTripper, url string, limit int64) (Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return Response{}, err
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return Response{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return Response{}, err
	}
	if int64(len(body)) > limit {
		return Response{}, &TooLongError{limit}
	}
	return Response{resp.StatusCode, resp.Header, body}, nil
}
