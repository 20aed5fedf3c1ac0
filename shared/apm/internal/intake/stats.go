package intake

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"thinker/shared/apm/internal/stats"
)

// Stats counts what the intake has done since it began.
type Stats struct {
	Payloads int   // trace payloads taken in, tracers' empty probes among them
	Spans    int   // spans handed to the sink
	Bytes    int64 // of those payloads, unpacked
	NilSpans int   // places for a span in which there was none

	Discarded map[string]int // requests accepted and thrown away, by endpoint
	Refused   map[string]int // requests, and single spans of payloads taken in, by reason
}

// Stats is a copy of the counts as they stand.
func (in *Intake) Stats() Stats {
	in.tally.mu.Lock()
	defer in.tally.mu.Unlock()
	stats := in.tally.Stats
	stats.Discarded = maps.Clone(stats.Discarded)
	stats.Refused = maps.Clone(stats.Refused)
	return stats
}

// Refused is the number of requests and single spans refused, for any reason.
func (in *Intake) Refused() int {
	total := 0
	for _, n := range in.Stats().Refused {
		total += n
	}
	return total
}

// Calls is the number of requests answered, of every kind. When it has changed,
// so may have the Report.
func (in *Intake) Calls() int {
	in.tally.mu.Lock()
	defer in.tally.mu.Unlock()
	return in.tally.calls
}

// Report is what is known of those who send, as it stands.
func (in *Intake) Report() stats.IntakeReport {
	t := &in.tally
	t.mu.Lock()
	defer t.mu.Unlock()
	return stats.IntakeReport{
		Since: t.since, Payloads: t.Payloads, Spans: t.Spans, Bytes: t.Bytes, Calls: t.calls,
		Tracers: t.tracers.list(), Forgotten: t.tracers.forgotten,
		Losses: t.losses(), Refusals: t.refusals.newest(), Requests: newestFirst(t.requests.newest()),
	}
}

// tally is Stats and the Report in the making.
type tally struct {
	mu sync.Mutex
	Stats
	since    time.Time
	calls    int
	tracers  tracers
	refusals ring[stats.Refusal]
	requests ring[stats.Request]
}

// took enters spans of a payload of which others were not taken in.
func (t *tally) took(spans int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.Spans += spans
}

// tookAll enters a payload that was taken in.
func (t *tally) tookAll(p payload, c contact) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.Payloads++
	t.Spans += c.spans
	t.Bytes += int64(c.bytes)
	t.NilSpans += p.nilSpans
	if p.noID > 0 {
		count(&t.Stats.Refused, reasonNoID, p.noID)
	}
	if c.spans > 0 {
		t.tracers.tell(c)
	}
}

func (t *tally) discarded(endpoint string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	count(&t.Discarded, endpoint, 1)
}

func (t *tally) refused(refusal stats.Refusal) {
	t.mu.Lock()
	defer t.mu.Unlock()
	count(&t.Stats.Refused, refusal.Reason, 1)
	t.refusals.add(refusal)
}

func (t *tally) answered(request stats.Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.calls++
	if !t.repeatsPoll(request) {
		t.requests.add(request)
	}
}

// repeatsPoll enters a tracer's poll for its configuration in place of its last
// one. They come every few seconds, and would crowd out all else.
func (t *tally) repeatsPoll(request stats.Request) bool {
	if request.Path != pathConfig {
		return false
	}
	for i := range t.requests.items {
		if last := &t.requests.items[i]; last.Path == pathConfig && last.Tracer == request.Tracer && last.Status == request.Status && last.Method == request.Method {
			*last = request
			return true
		}
	}
	return false
}

// newestFirst orders requests, of which a poll may have taken an older one's place.
func newestFirst(requests []stats.Request) []stats.Request {
	slices.SortStableFunc(requests, func(a, b stats.Request) int { return b.Time.Compare(a.Time) })
	return requests
}

// losses lists the reasons for which something is missing.
func (t *tally) losses() []stats.Loss {
	losses := make([]stats.Loss, 0, len(t.Stats.Refused)+1)
	for reason, n := range t.Stats.Refused {
		losses = append(losses, stats.Loss{Reason: reason, Count: n, Advice: advice(reason)})
	}
	if t.NilSpans > 0 {
		losses = append(losses, stats.Loss{Reason: reasonNilSpan, Count: t.NilSpans, Advice: advice(reasonNilSpan)})
	}
	slices.SortFunc(losses, func(a, b stats.Loss) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason))
	})
	return losses
}

func count(counts *map[string]int, key string, n int) {
	if *counts == nil {
		*counts = map[string]int{}
	}
	(*counts)[key] += n
}
