package load

import (
	"maps"
	"sync"
	"time"
)

// A Result is what has become of a load. But for Missing, spans are counted, by
// payload: an agent takes in all of one or nothing.
type Result struct {
	Sent         int         // Acknowledged, Unanswered and all of Refused
	Acknowledged int         // answered with status 200
	Refused      map[int]int // answered with another status, by that
	Unanswered   int         // cut off, so that nobody knows whether they were taken in
	Took         time.Duration

	// Spans acknowledged in the worst and in the best whole second; 0 for a load
	// that did not last one.
	WorstSecond, BestSecond int

	// From sending a payload until it is answered, to within 3 %; the most is exact.
	LatencyP50, LatencyP99, LatencyMax time.Duration

	// By the agent's own account, of which others may have a share; Compared is
	// false where it gave none.
	Compared bool
	TakenIn  int
	Losses   map[string]int // what it says it lost meanwhile, by reason, not all of it spans
}

// Missing is how many spans were acknowledged and yet not taken in.
func (r Result) Missing() int {
	if !r.Compared {
		return 0
	}
	return max(0, r.Acknowledged-r.TakenIn)
}

// PerSecond is how many spans were acknowledged each second.
func (r Result) PerSecond() float64 {
	return float64(r.Acknowledged) / max(r.Took, 1).Seconds()
}

// compare enters what the agent counted from before the load until after it. An
// agent that was started anew meanwhile counts from 0.
func (r *Result) compare(before, after intake) {
	if before.Since != after.Since {
		before = intake{}
	}
	r.Compared, r.TakenIn, r.Losses = true, after.Spans-before.Spans, map[string]int{}
	earlier := map[string]int{}
	for _, l := range before.Losses {
		earlier[l.Reason] = l.Count
	}
	for _, l := range after.Losses {
		if more := l.Count - earlier[l.Reason]; more > 0 {
			r.Losses[l.Reason] = more
		}
	}
}

// A tally is a Result in the making.
type tally struct {
	began     time.Time
	mu        sync.Mutex
	counted   Result
	seconds   int
	latencies latencies
}

func newTally() *tally {
	return &tally{began: time.Now(), counted: Result{Refused: map[int]int{}}}
}

func (t *tally) answered(n, status int, took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counted.Sent += n
	if status == 200 {
		t.counted.Acknowledged += n
	} else {
		t.counted.Refused[status] += n
	}
	t.latencies.add(took)
}

func (t *tally) unanswered(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counted.Sent += n
	t.counted.Unanswered += n
}

// result is the Result so far.
func (t *tally) result() Result {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.counted
	r.Refused = maps.Clone(r.Refused)
	r.Took = time.Since(t.began)
	r.LatencyP50, r.LatencyP99, r.LatencyMax = t.latencies.quantile(0.5), t.latencies.quantile(0.99), t.latencies.most
	return r
}

// second enters what was acknowledged in another second.
func (t *tally) second(acknowledged int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counted.BestSecond = max(t.counted.BestSecond, acknowledged)
	if t.seconds++; t.seconds == 1 || acknowledged < t.counted.WorstSecond {
		t.counted.WorstSecond = acknowledged
	}
}

// watch counts by the second, and tells progress how far it is, until the
// function that it returns is called.
func (t *tally) watch(progress func(Result)) (stop func()) {
	before := 0
	ticker, done := time.NewTicker(time.Second), make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		for {
			select {
			case <-ticker.C:
				now := t.result()
				t.second(now.Acknowledged - before)
				before = now.Acknowledged
				if progress != nil {
					progress(now)
				}
			case <-done:
				return
			}
		}
	})
	return func() {
		ticker.Stop()
		close(done)
		watching.Wait()
	}
}
