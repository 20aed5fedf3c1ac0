package doctor

import (
	"context"
	"io"
	"net/http"
	"time"
)

// ask sends a GET with a short timeout and reads at most 1 MiB, since any program may
// be listening on the port.
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

// answered is a response of any program.
type answered struct {
	status int
	server string // the header Server
	body   []byte
}

// get sends a GET without a proxy.
func (e *examination) get(at string) (answered, error) {
	return ask(e.ctx, &http.Transport{DisableKeepAlives: true}, at)
}
