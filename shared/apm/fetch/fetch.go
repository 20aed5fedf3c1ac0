// Package fetch sends requests to programs whose response may be anything: code under
// development, or any other program on the port.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
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

// An UnreachableError reports a request without a response.
type UnreachableError struct {
	URL string // of the server, without a path
	Err error
}

func (e *UnreachableError) Error() string {
	why := e.Err
	if dial, ok := errors.AsType[*net.OpError](why); ok {
		why = dial.Err // without the address, which is in the URL
	}
	return fmt.Sprintf("%s does not respond: %v", e.URL, why)
}

func (e *UnreachableError) Unwrap() error { return e.Err }

// Unreachable returns an error of Do as an *UnreachableError with the server's URL, unless
// it is a *TooLongError.
func Unreachable(server string, err error) error {
	if _, long := errors.AsType[*TooLongError](err); long {
		return err
	}
	return &UnreachableError{server, err}
}

// A TooLongError reports a response whose body is longer than the caller reads.
type TooLongError struct{ Limit int64 }

func (e *TooLongError) Error() string {
	return fmt.Sprintf("the response is longer than %d MiB", e.Limit>>20)
}

// Direct returns a transport for requests to this machine and its containers. It
// uses no proxy, whatever the environment says.
func Direct() *http.Transport { return &http.Transport{DisableKeepAlives: true} }

// Get sends a GET request to this machine, and reads at most Limit bytes. Like Do, it
// returns every response. Headers may be nil.
func Get(ctx context.Context, url string, headers http.Header) (Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return Response{}, err
	}
	maps.Copy(request.Header, headers)
	return Do(Direct(), request, Limit)
}

// Do sends a request and returns the response, whatever its status. It follows no
// redirect: that may lead to any host. A body longer than limit bytes is a *TooLongError,
// and is read no further. Callers bound the time by the request's context.
func Do(transport http.RoundTripper, request *http.Request, limit int64) (Response, error) {
	response, err := transport.RoundTrip(request)
	if err != nil {
		return Response{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return Response{}, err
	}
	if int64(len(body)) > limit {
		return Response{}, &TooLongError{limit}
	}
	return Response{response.StatusCode, response.Header, body}, nil
}
