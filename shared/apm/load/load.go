// Package load puts an agent under load: it sends traces like the workshop's,
// as fast as they are taken or at a given rate, and tells what became of them.
// It costs so little that beside it, on the same machine, the agent can be
// measured.
package load

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// Config says what to send. At least one of For and Spans must be above 0: a
// load has an end.
type Config struct {
	URL         string        // the agent's, for example http://localhost:8126
	For         time.Duration // ends the load; 0 for no such bound
	Spans       int           // ends the load, exactly; 0 for no such bound
	Rate        int           // spans a second; 0 is as many as are taken
	Connections int           // that send at the same time; 0 is DefaultConnections
	Payload     int           // spans in one, in whole traces of SpansPerTrace; 0 is DefaultPayload
	Attributes  int           // distinct attributes, of which each span has some more than it has anyway
	Unique      bool          // each span has a request.id that no other has
	Spread      time.Duration // how far back traces go: the first is that old, the last is new

	// Progress, where it is not nil, is told each second how far it is.
	Progress func(Result)
}

const (
	DefaultConnections = 4
	DefaultPayload     = 600
	MaxPayload         = 12_000 // spans, so that with attributes it stays below the 25 MiB that an agent takes
	MaxAttributes      = 10_000
)

// Check says what is wrong with a configuration.
func (c Config) Check() error {
	switch {
	case c.For < 0 || c.Spans < 0 || c.For == 0 && c.Spans == 0:
		return errors.New("a load needs an end: a time or a number of spans above 0")
	case c.Rate < 0:
		return fmt.Errorf("rate %d is out of range: use 0 (as fast as the agent accepts) or more", c.Rate)
	case c.Connections < 0 || c.Connections > 1000:
		return fmt.Errorf("connections %d is out of range: use 1 to 1000", c.Connections)
	case c.Payload < 0 || c.Payload > MaxPayload || c.Payload%SpansPerTrace != 0:
		return fmt.Errorf("payload %d is out of range: use a multiple of %d (one trace) up to %d", c.Payload, SpansPerTrace, MaxPayload)
	case c.Attributes < 0 || c.Attributes > MaxAttributes:
		return fmt.Errorf("attributes %d is out of range: use 0 to %d", c.Attributes, MaxAttributes)
	case c.Spread < 0:
		return fmt.Errorf("spread %s is out of range: use 0 or more", c.Spread)
	}
	return nil
}

// Run sends what config says, until its end or until ctx is done, and then waits
// for what is under way. An error that comes with a Result in which spans have
// been sent means that the agent ceased to answer.
func Run(ctx context.Context, config Config) (Result, error) {
	if err := config.Check(); err != nil {
		return Result{}, err
	}
	config.Connections = cmp.Or(config.Connections, DefaultConnections)
	config.Payload = cmp.Or(config.Payload, DefaultPayload)
	transport := &http.Transport{MaxIdleConnsPerHost: config.Connections, WriteBufferSize: 64 << 10}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 30 * time.Second}

	// What is under way when the load is ended gets a moment to be answered.
	under, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(5*time.Second, cut) })()

	before, err := askIntake(ctx, client, config.URL)
	if err != nil {
		return Result{}, err
	}
	result, failed := send(ctx, under, client, config)
	asking, done := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer done()
	after, err := askIntake(asking, client, config.URL)
	if err == nil {
		result.compare(before, after)
	}
	return result, cmp.Or(failed, err)
}

// send sends until the end of the load, or the first payload without an answer.
func send(ctx, under context.Context, client *http.Client, config Config) (Result, error) {
	decks := make([]*deck, config.Connections) // which take time that is not the load's
	for i := range decks {
		decks[i] = newDeck(config)
	}
	going, stop := context.WithCancel(ctx)
	defer stop()
	if config.For > 0 {
		going, stop = context.WithTimeout(ctx, config.For)
		defer stop()
	}
	plan, tally := newPlan(config), newTally()
	stopped := tally.watch(config.Progress)
	failures := make(chan error, config.Connections)
	var senders sync.WaitGroup
	for _, deck := range decks {
		senders.Go(func() {
			s := sender{client: client, url: config.URL + "/v0.4/traces", deck: deck, tally: tally}
			for first, n := range plan.payloads(going) {
				if err := s.send(under, plan, first, n); err != nil {
					failures <- err
					stop()
					return
				}
			}
		})
	}
	senders.Wait()
	stopped()
	close(failures)
	if ctx.Err() != nil {
		return tally.result(), nil // what was cut off then is nobody's failure
	}
	return tally.result(), <-failures
}

// A sender is one connection's.
type sender struct {
	client *http.Client
	url    string
	deck   *deck
	tally  *tally
}

// send sends the n spans from the first on. It fails where there is no answer;
// a refusal is one.
func (s *sender) send(ctx context.Context, plan *plan, first, n int) error {
	now := time.Now()
	p := s.deck.deal(n, func(trace int) int64 { return plan.at(now, first+trace*SpansPerTrace) })
	// An agent may answer before it has read all; the deck is dealt from again only
	// when nobody reads it.
	var reading sync.WaitGroup
	defer reading.Wait()
	body := func() io.ReadCloser {
		reading.Add(1)
		return &reader{Reader: p.reader(), close: sync.OnceFunc(reading.Done)}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, nil)
	if err != nil {
		return err
	}
	request.Body, request.ContentLength = body(), int64(p.length())
	request.GetBody = func() (io.ReadCloser, error) { return body(), nil }
	request.Header.Set("Content-Type", "application/msgpack")
	request.Header.Set("Datadog-Meta-Lang", "go")
	request.Header.Set("Datadog-Meta-Tracer-Version", "apm-load")
	began := time.Now()
	response, err := s.client.Do(request)
	if err == nil {
		_, err = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close() // it has been read
	}
	if err != nil {
		s.tally.unanswered(n)
		return fmt.Errorf("send %d spans: %w", n, err)
	}
	s.tally.answered(n, response.StatusCode, time.Since(began))
	return nil
}

// A reader tells when it is read no more.
type reader struct {
	io.Reader
	close func()
}

func (r *reader) Close() error {
	r.close()
	return nil
}
