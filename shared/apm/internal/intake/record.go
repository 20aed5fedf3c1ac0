package intake

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/internal/stats"
)

// Limits of the report.
const (
	maxTracers  = 200
	maxRefusals = 50
	maxRequests = 100
)

// Stats counts what the intake has received since it started.
type Stats struct {
	Payloads  int            // trace payloads received, including tracers' empty probes
	Spans     int            // spans that the sink stored
	Bytes     int64          // of those payloads, uncompressed
	NilSpans  int            // places for a span without one
	Discarded int            // requests accepted and discarded
	Refused   map[string]int // requests, and spans of accepted payloads, by reason
}

// Stats returns a copy of the counts.
func (in *Intake) Stats() Stats {
	in.record.mu.Lock()
	defer in.record.mu.Unlock()
	counts := in.record.Stats
	counts.Refused = maps.Clone(counts.Refused)
	return counts
}

// Refused returns the number of requests and spans that were refused.
func (in *Intake) Refused() int {
	total := 0
	for _, n := range in.Stats().Refused {
		total += n
	}
	return total
}

// Calls returns the number of requests. Report only changes if it does.
func (in *Intake) Calls() int {
	in.record.mu.Lock()
	defer in.record.mu.Unlock()
	return in.record.calls
}

// Report returns what is known about the tracers and their requests.
func (in *Intake) Report() stats.IntakeReport {
	r := &in.record
	r.mu.Lock()
	defer r.mu.Unlock()
	tracers := make([]stats.Tracer, 0, len(r.tracers))
	for _, known := range r.tracers {
		tracers = append(tracers, known.Tracer)
	}
	slices.SortFunc(tracers, func(a, b stats.Tracer) int {
		return slices.Compare(
			[]string{a.Service, a.Language, a.Library, a.Format, a.Env, a.Version},
			[]string{b.Service, b.Language, b.Library, b.Format, b.Env, b.Version})
	})
	refusals, requests := slices.Clone(r.refusals), slices.Clone(r.requests)
	slices.Reverse(refusals)
	slices.Reverse(requests)
	return stats.IntakeReport{
		Since: r.since, Payloads: r.Payloads, Spans: r.Spans, Bytes: r.Bytes, Calls: r.calls,
		Tracers: tracers, Forgotten: r.forgotten,
		Losses: r.losses(), Refusals: refusals, Requests: requests,
	}
}

// A record collects the stats and the report.
// See decisions/intake-report.md.
type record struct {
	mu sync.Mutex
	Stats
	since     time.Time
	calls     int
	tracers   map[stats.TracerID]*knownTracer
	payloads  int // with spans
	forgotten int // tracers
	refusals  []stats.Refusal
	requests  []stats.Request
}

type knownTracer struct {
	stats.Tracer
	latest int // payload, as record.payloads counts them
}

func newRecord() record {
	return record{since: time.Now(), tracers: map[stats.TracerID]*knownTracer{}, Stats: Stats{Refused: map[string]int{}}}
}

// receivedPart adds the stored spans of a payload whose other spans were not stored.
func (r *record) receivedPart(spans int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Spans += spans
}

// received adds a payload.
func (r *record) received(p payload, a arrival) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Payloads++
	r.Spans += a.spans
	r.Bytes += int64(a.bytes)
	r.NilSpans += p.nilSpans
	if p.noID > 0 {
		r.Stats.Refused[reasonNoID] += p.noID
	}
	if a.spans > 0 {
		r.addTracer(a)
	}
}

// addTracer adds a payload to its tracer. If there are too many, the record forgets the
// tracer whose last payload is the oldest.
func (r *record) addTracer(a arrival) {
	known := r.tracers[a.tracer]
	if known == nil {
		if len(r.tracers) == maxTracers {
			oldest := slices.MinFunc(slices.Collect(maps.Values(r.tracers)), func(a, b *knownTracer) int {
				return cmp.Compare(a.latest, b.latest)
			})
			delete(r.tracers, oldest.TracerID)
			r.forgotten++
		}
		known = &knownTracer{Tracer: stats.Tracer{TracerID: a.tracer}}
		r.tracers[a.tracer] = known
	}
	r.payloads++
	known.latest = r.payloads
	known.Payloads++
	known.Spans += a.spans
	known.Errors += a.errors
	known.Bytes += int64(a.bytes)
	known.LastContact = a.at
	known.Clock = a.clock
	known.ClockMost = further(known.ClockMost, a.clock)
}

func (r *record) discarded() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Discarded++
}

func (r *record) refused(refusal stats.Refusal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Stats.Refused[refusal.Reason]++
	r.refusals = appendBounded(r.refusals, refusal, maxRefusals)
}

// served adds a request. A tracer's poll for its configuration replaces its previous one:
// polls come every few seconds, and would push out all other requests.
func (r *record) served(request stats.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	if request.Path == configPath {
		r.requests = slices.DeleteFunc(r.requests, func(earlier stats.Request) bool {
			return earlier.Path == configPath && earlier.Tracer == request.Tracer &&
				earlier.Status == request.Status && earlier.Method == request.Method
		})
	}
	r.requests = appendBounded(r.requests, request, maxRequests)
}

// appendBounded appends an item, and removes the first one if there are too many.
func appendBounded[T any](items []T, item T, limit int) []T {
	if len(items) == limit {
		items = slices.Delete(items, 0, 1)
	}
	return append(items, item)
}

// losses returns what is missing by reason, the most frequent first.
func (r *record) losses() []stats.Loss {
	counts := maps.Clone(r.Stats.Refused)
	if r.NilSpans > 0 {
		counts[reasonNilSpan] = r.NilSpans
	}
	losses := make([]stats.Loss, 0, len(counts))
	for reason, n := range counts {
		losses = append(losses, stats.Loss{Reason: reason, Count: n, Advice: advice(reason)})
	}
	slices.SortFunc(losses, func(a, b stats.Loss) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason))
	})
	return losses
}

// An arrival is what a payload reveals about its tracer.
type arrival struct {
	tracer        stats.TracerID
	at            time.Time
	spans, errors int
	bytes         int
	clock         time.Duration // how far it is ahead, as in stats.Tracer
}

func arrivalOf(p payload, c *call, format string, size int) arrival {
	a := arrival{tracer: c.tracer, at: c.at, spans: len(p.spans), bytes: size}
	a.tracer.Library = cmp.Or(a.tracer.Library, brief(p.library))
	if a.tracer.Format = format; p.json {
		a.tracer.Format += " JSON"
	}
	if len(p.spans) == 0 {
		return a
	}
	for i := range p.spans {
		if p.spans[i].Error {
			a.errors++
		}
		a.clock = further(a.clock, clockOffset(&p.spans[i], c.at))
	}
	entry := entrySpan(p.spans)
	// If an integration gives its spans another service, this tag has the process's own.
	a.tracer.Service = brief(cmp.Or(entry.Meta["_dd.base_service"], entry.Service))
	a.tracer.Language = cmp.Or(a.tracer.Language, brief(entry.Meta["language"]))
	a.tracer.Env, a.tracer.Version = brief(entry.Meta["env"]), brief(entry.Meta["version"])
	return a
}

// tracerOf returns what a request's headers reveal about its tracer.
func tracerOf(header http.Header) stats.TracerID {
	return stats.TracerID{
		Language: brief(header.Get("Datadog-Meta-Lang")),
		Library:  brief(header.Get("Datadog-Meta-Tracer-Version")),
	}
}

// entrySpan returns the outermost span above the payload's first one. The first one's
// trace entered the process there.
func entrySpan(spans []apm.Span) *apm.Span {
	const maxDepth = 100 // parents may form a circle
	entry := &spans[0]
	for range maxDepth {
		parent := slices.IndexFunc(spans, func(s apm.Span) bool {
			return entry.ParentID != 0 && s.SpanID == entry.ParentID && s.TraceID == entry.TraceID
		})
		if parent < 0 {
			break
		}
		entry = &spans[parent]
	}
	return entry
}

// clockOffset returns how far the clock of a span's tracer seems to be ahead. A span that
// ended in the last hour may have waited to be sent.
func clockOffset(s *apm.Span, arrival time.Time) time.Duration {
	offset := time.Duration(s.End() - arrival.UnixNano())
	if offset < 0 && offset > -stats.LongAgo {
		return 0
	}
	return offset
}

// further returns the offset that is further from 0.
func further(a, b time.Duration) time.Duration {
	if b.Abs() > a.Abs() {
		return b
	}
	return a
}
