package doctor

import (
	"context"
	"io"
	"net/http"
	"time"
)

// ask asks somebody who may be anybody: it takes little of what they say, and
// does not wait long for it.
func ask(ctx context.Context, transport *http.Transport, at string) (answered, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return answered{}, err
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return answered{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return answered{resp.StatusCode, resp.Header.Get("Server"), body}, err
}

// answered is what somebody said.
type answered struct {
	status int
	server string // what it calls itself
	body   []byte
}

// get asks without a proxy.
func (e *examination) get(at string) (answered, error) {
	return ask(e.ctx, &http.Transport{DisableKeepAlives: true}, at)
}
