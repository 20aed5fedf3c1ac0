package tracegen

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// A LoadConfig describes what Load sends. For or Spans must be above 0, so that the load
// ends.
type LoadConfig struct {
	URL         string        // of the agent, for example http://localhost:8126
	For         time.Duration // time to send; 0 for no limit
	Spans       int           // exact number of spans to send; 0 for no limit
	Rate        int           // spans per second; 0 is as fast as the agent accepts
	Connections int           // parallel connections; 0 is DefaultConnections
	Payload     int           // spans per payload, a multiple of SpansPerTrace; 0 is DefaultPayload
	Attributes  int           // number of different attributes, of which each span has some
	Unique      bool          // whether each span has a unique request.id
	Spread      time.Duration // age of the first trace; later ones are newer, up to now

	// Progress receives the result so far, once per second. It may be nil.
	Progress func(LoadResult)
}

const (
	DefaultConnections = 4
	DefaultPayload     = 600
	MaxPayload         = 12_000 // spans: with attributes, a payload stays below the agent's limit of 25 MiB
	MaxAttributes      = 10_000
)

// Check returns an error for a setting that is out of range.
func (c LoadConfig) Check() error {
	switch {
	case c.For < 0 || c.Spans < 0 || c.For == 0 && c.Spans == 0:
		return errors.New("a load needs an end: a time or a number of spans above 0")
	case c.Rate < 0:
		return fmt.Errorf("rate %d is out of range: use 0 (as fast as the agent accepts) or more", c.Rate)
	case c.Connections < 0 || c.Connections > 1000:
		return fmt.Errorf("connections %d is out of range: use 1 to 1000", c.Connections)
	case c.Payload < 0 || c.Payload > MaxPayload || c.Payload%SpansPerTrace != 0:
		return fmt.Errorf("payload %d is out of range: use a multiple of %d (one trace) up to %d",
			c.Payload, SpansPerTrace, MaxPayload)
	case c.Attributes < 0 || c.Attributes > MaxAttributes:
		return fmt.Errorf("attributes %d is out of range: use 0 to %d", c.Attributes, MaxAttributes)
	case c.Spread < 0:
		return fmt.Errorf("spread %s is out of range: use 0 or more", c.Spread)
	}
	return nil
}

// Load sends traces like the workshop's to an agent, until the end of the load or until
// ctx is done. It then waits for pending payloads, and asks the agent how many spans it
// received. It uses so little processor time that an agent can be measured on the same
// machine.
//
// With an error, Sent is above 0 if the agent stopped responding in the middle.
func Load(ctx context.Context, config LoadConfig) (LoadResult, error) {
	if err := config.Check(); err != nil {
		return LoadResult{}, err
	}
	config.Connections = cmp.Or(config.Connections, DefaultConnections)
	config.Payload = cmp.Or(config.Payload, DefaultPayload)
	transport := &http.Transport{MaxIdleConnsPerHost: config.Connections, WriteBufferSize: 64 << 10}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 30 * time.Second}

	before, err := readIntake(ctx, config.URL)
	if err != nil {
		return LoadResult{}, err
	}
	result, sendErr := sendLoad(ctx, client, config)
	reading, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	after, err := readIntake(reading, config.URL)
	if err == nil {
		result.compare(before, after)
	}
	return result, cmp.Or(sendErr, err)
}

// sendLoad sends until the end of the load, or until a payload gets no response.
func sendLoad(ctx context.Context, client *http.Client, config LoadConfig) (LoadResult, error) {
	templates := make([]*payloadTemplate, config.Connections) // before the clock starts
	for i := range templates {
		var err error
		if templates[i], err = newPayloadTemplate(config); err != nil {
			return LoadResult{}, err
		}
	}
	// When the load is interrupted, pending payloads get a moment to be answered.
	pending, cutOff := context.WithCancel(context.WithoutCancel(ctx))
	defer cutOff()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(5*time.Second, cutOff) })()
	sending, stop := context.WithCancel(ctx)
	defer stop()
	if config.For > 0 {
		sending, stop = context.WithTimeout(ctx, config.For)
		defer stop()
	}

	s := newSchedule(config)
	t, err := newTally()
	if err != nil {
		return LoadResult{}, err
	}
	var senders, reporter sync.WaitGroup
	reporting, stopReporting := context.WithCancel(ctx)
	defer stopReporting()
	if config.Progress != nil {
		reporter.Go(func() { t.reportEverySecond(reporting, config.Progress) })
	}
	failures := make(chan error, config.Connections)
	for _, template := range templates {
		senders.Go(func() {
			for {
				first, n, ok := s.next(sending)
				if !ok {
					return
				}
				now := time.Now()
				payload := template.payload(n, func(trace int) int64 { return s.traceEnd(now, first+trace*SpansPerTrace) })
				if err := t.post(pending, client, config.URL+"/v0.4/traces", payload, n); err != nil {
					failures <- err
					stop()
					return
				}
			}
		})
	}
	senders.Wait()
	stopReporting()
	reporter.Wait()
	close(failures)
	if ctx.Err() != nil {
		return t.result(), nil // what the interruption cut off isn't a failure
	}
	return t.result(), <-failures
}

// post sends a payload and counts its spans. A refusal isn't an error, no response is.
func (t *tally) post(ctx context.Context, client *http.Client, url string, payload []byte, spans int) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(payload))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/msgpack")
	request.Header.Set("Datadog-Meta-Lang", "go")
	request.Header.Set("Datadog-Meta-Tracer-Version", "apm-load")
	began := time.Now()
	response, err := client.Do(request)
	if err == nil {
		_, err = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
	}
	if err != nil {
		t.count(spans, 0, 0)
		return fmt.Errorf("send %d spans: %w", spans, err)
	}
	t.count(spans, response.StatusCode, time.Since(began))
	return nil
}

// A schedule decides which spans to send next, and when.
type schedule struct {
	config  LoadConfig
	payload int
	began   time.Time

	mu   sync.Mutex
	sent int
}

func newSchedule(config LoadConfig) *schedule {
	s := &schedule{config: config, payload: config.Payload, began: time.Now()}
	// A low rate sends small payloads ten times a second, not large ones now and then.
	if config.Rate > 0 {
		traces := config.Rate / 10 / SpansPerTrace
		s.payload = min(s.payload, max(1, traces)*SpansPerTrace)
	}
	return s
}

// next waits until the next payload is due. It returns the number of its first span and
// how many it has, and false at the end of the load.
func (s *schedule) next(ctx context.Context) (first, n int, ok bool) {
	s.mu.Lock()
	first, n = s.sent, s.payload
	if s.config.Spans > 0 {
		n = min(n, s.config.Spans-first)
	}
	s.sent += n
	s.mu.Unlock()
	if n == 0 || ctx.Err() != nil {
		return 0, 0, false
	}
	if s.config.Rate == 0 {
		return first, n, true
	}
	due := time.Duration(float64(first) / float64(s.config.Rate) * float64(time.Second))
	if s.config.For > 0 && due >= s.config.For {
		<-ctx.Done() // a timer for the same moment could win
		return 0, 0, false
	}
	timer := time.NewTimer(time.Until(s.began.Add(due)))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return 0, 0, false
	case <-timer.C:
		return first, n, true
	}
}

// traceEnd returns the time when the trace that starts with the given span has ended, in
// nanoseconds since the Unix epoch.
func (s *schedule) traceEnd(now time.Time, first int) int64 {
	var done float64
	if s.config.Spans > 0 {
		done = float64(first) / float64(s.config.Spans)
	}
	if s.config.For > 0 {
		done = max(done, min(1, float64(now.Sub(s.began))/float64(s.config.For)))
	}
	return now.UnixNano() - int64(float64(s.config.Spread)*(1-done))
}
