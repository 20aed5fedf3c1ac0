// Package load sends requests at a steady or a stepped rate and measures how they
// are answered, as who asks sees it.
package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"thinker/shared/workshop/fetch"
)

// These bound what a load may be: it is to be watched, not to break anything.
const (
	MaxRate     = 500 // requests a second
	MaxDuration = 10 * time.Minute
	maxInFlight = 500
	patience    = 15 * time.Second // with one request: the api gives up on the thinker after 10
)

// A Plan is what to send.
type Plan struct {
	URLs  []string // in turn
	Rates []int    // requests a second, one rate after the other
	For   time.Duration
}

// Check says what is wrong with the plan.
func (p Plan) Check() error {
	if len(p.URLs) == 0 || len(p.Rates) == 0 {
		return errors.New("a load needs a subject and a rate")
	}
	for _, rate := range p.Rates {
		if rate < 1 || rate > MaxRate {
			return fmt.Errorf("--rps %d is out of range: use 1 to %d requests per second", rate, MaxRate)
		}
	}
	if p.For < time.Second || p.For > MaxDuration {
		return fmt.Errorf("--for %v is out of range: use 1s to %v", p.For, MaxDuration)
	}
	return nil
}

// rate is the one at a moment after the beginning: each has an equal part of the
// time.
func (p Plan) rate(after time.Duration) int {
	part := p.For / time.Duration(len(p.Rates))
	return p.Rates[min(int(after/part), len(p.Rates)-1)]
}

// Run sends what the plan says, and returns when all of it is answered. It sends
// each request when its time has come, whether or not those before it are
// answered. It calls watch some times a second with how things stand. When ctx is
// done it sends no more, and waits for the answers to what it has sent.
func Run(ctx context.Context, p Plan, watch func(Figures)) Figures {
	r := &run{began: time.Now(), client: &http.Client{
		Timeout:       patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // may lead to any host
		Transport:     &http.Transport{MaxIdleConnsPerHost: maxInFlight},                             // no proxy: what runs here has none before it
	}}
	defer r.client.CloseIdleConnections()

	var answers sync.WaitGroup
	room := make(chan struct{}, maxInFlight)
	next := time.NewTimer(0)
	defer next.Stop()
	look := time.NewTicker(200 * time.Millisecond)
	defer look.Stop()
	for sent, due := 0, time.Duration(0); due < p.For; {
		select {
		case <-ctx.Done():
			due = p.For
			continue
		case <-look.C:
			watch(r.figures(p.rate(due)))
			continue
		case <-next.C:
		}
		select {
		case room <- struct{}{}:
			url := p.URLs[sent%len(p.URLs)]
			answers.Go(func() {
				r.ask(context.WithoutCancel(ctx), url)
				<-room
			})
		default:
			r.skip()
		}
		sent++
		rate := time.Duration(p.rate(due))
		due += (time.Second + rate - 1) / rate // rounded up, so that a part has no request more
		next.Reset(time.Until(r.began.Add(due)))
	}
	answers.Wait()
	return r.figures(p.Rates[len(p.Rates)-1])
}

// A run is a load under way.
type run struct {
	client *http.Client
	began  time.Time

	mu                   sync.Mutex
	sent, failed, missed int
	last                 time.Time       // when the last answer came
	took                 []time.Duration // each answer; a load is bounded, and so are they
}

// ask sends a request. It has failed where no answer comes, or one that says that
// the server is at fault: what the pages count as an error, too.
func (r *run) ask(ctx context.Context, url string) {
	r.mu.Lock()
	r.sent++
	r.mu.Unlock()
	sent := time.Now()
	err := get(ctx, r.client, url)
	took := time.Since(sent)

	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = time.Now()
	r.took = append(r.took, took)
	if err != nil {
		r.failed++
	}
}

func get(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if n, err := io.Copy(io.Discard, io.LimitReader(resp.Body, fetch.Limit+1)); err != nil {
		return err
	} else if n > fetch.Limit {
		return &fetch.TooLongError{Limit: fetch.Limit}
	}
	if resp.StatusCode >= http.StatusInternalServerError {
		return errors.New(resp.Status)
	}
	return nil
}

// skip counts a request whose time came when too many were not answered.
func (r *run) skip() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.missed++
}
