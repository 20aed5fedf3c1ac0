package load

import (
	"context"
	"iter"
	"sync"
	"time"
)

// A plan says which spans are to be sent next, and when.
type plan struct {
	payload, spans, rate int
	length, spread       time.Duration
	began                time.Time

	mu    sync.Mutex
	taken int
}

func newPlan(config Config) *plan {
	p := &plan{payload: config.Payload, spans: config.Spans, rate: config.Rate, length: config.For, spread: config.Spread, began: time.Now()}
	// Few spans a second come ten times a second, rather than many seldom.
	if p.rate > 0 {
		traces := p.rate / 10 / SpansPerTrace
		p.payload = min(p.payload, max(1, traces)*SpansPerTrace)
	}
	return p
}

// payloads are those of one sender, until the load has ended: the number of each
// one's first span, and how many it has.
func (p *plan) payloads(ctx context.Context) iter.Seq2[int, int] {
	return func(yield func(first, n int) bool) {
		for {
			if first, n, ok := p.next(ctx); !ok || !yield(first, n) {
				return
			}
		}
	}
}

// next waits until the next payload is due and tells the number of its first
// span and how many it has. It is not ok where the load has ended.
func (p *plan) next(ctx context.Context) (first, n int, ok bool) {
	p.mu.Lock()
	first, n = p.taken, p.payload
	if p.spans > 0 {
		n = min(n, p.spans-first)
	}
	p.taken += n
	p.mu.Unlock()
	if n == 0 || ctx.Err() != nil {
		return 0, 0, false
	}
	if p.rate == 0 {
		return first, n, true
	}
	due := time.Duration(float64(first) / float64(p.rate) * float64(time.Second))
	if p.length > 0 && due >= p.length {
		<-ctx.Done() // rather than have the two moments race
		return 0, 0, false
	}
	timer := time.NewTimer(time.Until(p.began.Add(due)))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return 0, 0, false
	case <-timer.C:
		return first, n, true
	}
}

// at is the moment by which a trace has ended, in nanoseconds since the Unix
// epoch, given the number of its first span.
func (p *plan) at(now time.Time, first int) int64 {
	if p.spread == 0 {
		return now.UnixNano()
	}
	var done float64
	if p.spans > 0 {
		done = float64(first) / float64(p.spans)
	}
	if p.length > 0 {
		done = max(done, min(1, float64(now.Sub(p.began))/float64(p.length)))
	}
	return now.UnixNano() - int64(float64(p.spread)*(1-done))
}
