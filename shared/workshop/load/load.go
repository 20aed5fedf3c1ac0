// Package load sends requests at a steady or stepped rate and measures the responses
// from the client's side.
//
// It doesn't use tsenart/vegeta, which would wait where this skips and counts requests,
// estimates percentiles, and adds 17 packages (5 CPU seconds) to the command's build.
package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"thinker/shared/apm/fetch"
)

// Limits of a load: it is for watching, not for breaking anything.
const (
	MaxRate        = 500 // requests a second
	MaxDuration    = 10 * time.Minute
	maxInFlight    = 500
	requestTimeout = 15 * time.Second // the api gives up on the microservice after 10 s
)

// A Plan says what to send.
type Plan struct {
	URLs  []string // in turn
	Rates []int    // requests a second, one rate after the other
	For   time.Duration
}

// Check returns an error for an invalid plan.
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

// rate returns the rate at a time after the start: each rate gets an equal share.
func (p Plan) rate(after time.Duration) int {
	part := p.For / time.Duration(len(p.Rates))
	return p.Rates[min(int(after/part), len(p.Rates)-1)]
}

// Run runs the plan and returns when every request has its response. It sends requests
// on schedule even if earlier ones are still pending. It calls watch several times a
// second. When ctx is done, it sends no more and waits for the pending responses.
// See decisions/open-loop-load.md.
func Run(ctx context.Context, p Plan, watch func(Figures)) Figures {
	r := &run{began: time.Now(), client: &http.Client{
		Timeout: requestTimeout,
		// A redirect may lead to any host. There is no proxy: the services run here.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{MaxIdleConnsPerHost: maxInFlight},
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
		due += (time.Second + rate - 1) / rate // rounded up, so that no rate gets an extra request
		next.Reset(time.Until(r.began.Add(due)))
	}
	answers.Wait()
	return r.figures(p.Rates[len(p.Rates)-1])
}

// A run is a running load.
type run struct {
	client *http.Client
	began  time.Time

	mu                   sync.Mutex
	sent, failed, missed int
	last                 time.Time       // when the last response came
	took                 []time.Duration // of each response; bounded, since a load is
}

// ask sends a request. It counts as failed without a response or with a 5xx status,
// like on the pages.
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

// skip counts a request that was not sent, because too many were pending.
func (r *run) skip() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.missed++
}

// Figures are the measurements of a load.
type Figures struct {
	From, To      time.Time // of the first request and the last response
	Rate          int       // requests per second, as planned for now
	Sent          int
	Answered      int
	Failed        int // of those: no response, or a 5xx status
	Missed        int // skipped: too many were pending
	P50, P99, Max time.Duration
}

func (r *run) figures(rate int) Figures {
	r.mu.Lock()
	defer r.mu.Unlock()
	slices.Sort(r.took)
	return Figures{
		From: r.began, To: r.last, Rate: rate,
		Sent: r.sent, Answered: len(r.took), Failed: r.failed, Missed: r.missed,
		P50: percentile(r.took, 50), P99: percentile(r.took, 99), Max: percentile(r.took, 100),
	}
}

// percentile returns a percentile of sorted times, or 0 if there are none.
func percentile(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)*percent+99)/100-1]
}
