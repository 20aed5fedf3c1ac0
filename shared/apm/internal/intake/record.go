package intake

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/api"
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

// Report returns what is known about the tracers and their requests. It knows nothing of
// what is stored: Kept and Chain are empty.
func (in *Intake) Report() api.Intake {
	r := &in.record
	r.mu.Lock()
	defer r.mu.Unlock()
	tracers := make([]api.Tracer, 0, len(r.tracers))
	for _, known := range r.tracers {
		tracers = append(tracers, known.Tracer)
	}
	slices.SortFunc(tracers, func(a, b api.Tracer) int {
		return slices.Compare(
			[]string{a.Service, a.Language, a.TracerVersion, a.Format, a.Env, a.Version},
			[]string{b.Service, b.Language, b.TracerVersion, b.Format, b.Env, b.Version})
	})
	return api.Intake{
		Since: api.Time{Time: r.since}, Payloads: r.Payloads, Spans: r.Spans, Bytes: r.Bytes, Calls: r.calls,
		Tracers: tracers, TracersForgotten: r.forgotten,
		Losses: r.losses(), Refusals: reversed(r.refusals), Requests: reversed(r.requests),
	}
}

// reversed returns a copy of a list, backwards. In JSON, an empty list isn't null.
func reversed[T any](list []T) []T {
	list = append([]T{}, list...)
	slices.Reverse(list)
	return list
}

// A record collects the stats and the report.
// See decisions/intake-report.md.
type record struct {
	mu sync.Mutex
	Stats
	since     time.Time
	calls     int
	tracers   map[tracerID]*knownTracer
	payloads  int // with spans
	forgotten int // tracers
	refusals  []api.Refusal
	requests  []api.Request
}

// A tracerID tells tracers apart. Unknown values are empty.
type tracerID struct{ service, language, library, format, env, version string }

type knownTracer struct {
	api.Tracer
	id     tracerID
	latest int // payload, as record.payloads counts them
}

func newRecord() record {
	return record{since: time.Now(), tracers: map[tracerID]*knownTracer{}, Stats: Stats{Refused: map[string]int{}}}
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
			delete(r.tracers, oldest.id)
			r.forgotten++
		}
		id := a.tracer
		known = &knownTracer{id: id, Tracer: api.Tracer{
			Service: id.service, Language: id.language, TracerVersion: id.library,
			Format: id.format, Env: id.env, Version: id.version,
		}}
		r.tracers[id] = known
	}
	r.payloads++
	known.latest = r.payloads
	known.Payloads++
	known.Spans += a.spans
	known.Errors += a.errors
	known.Bytes += int64(a.bytes)
	known.LastContact = api.Time{Time: a.at}
	known.ClockOffset = a.clock
	known.ClockOffsetMost = further(known.ClockOffsetMost, a.clock)
}

func (r *record) discarded() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Discarded++
}

func (r *record) refused(refusal api.Refusal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Stats.Refused[refusal.Reason]++
	r.refusals = appendBounded(r.refusals, refusal, maxRefusals)
}

// served adds a request. A tracer's poll for its configuration replaces its previous one:
// polls come every few seconds, and would push out all other requests.
func (r *record) served(request api.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	if request.Path == configPath {
		r.requests = slices.DeleteFunc(r.requests, func(earlier api.Request) bool {
			earlier.Time, earlier.Bytes, earlier.Spans = request.Time, request.Bytes, request.Spans
			return earlier == request
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
func (r *record) losses() []api.Loss {
	counts := maps.Clone(r.Stats.Refused)
	if r.NilSpans > 0 {
		counts[reasonNilSpan] = r.NilSpans
	}
	losses := make([]api.Loss, 0, len(counts))
	for reason, n := range counts {
		losses = append(losses, api.Loss{Reason: reason, Count: n, Advice: advice(reason)})
	}
	slices.SortFunc(losses, func(a, b api.Loss) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason))
	})
	return losses
}

// An arrival is what a payload reveals about its tracer.
type arrival struct {
	tracer        tracerID
	at            time.Time
	spans, errors int
	bytes         int
	clock         time.Duration // how far it is ahead, as in api.Tracer
}

func arrivalOf(p payload, c *call, format string, size int) arrival {
	a := arrival{tracer: c.tracer, at: c.at, spans: len(p.spans), bytes: size}
	a.tracer.library = cmp.Or(a.tracer.library, brief(p.library))
	if a.tracer.format = format; p.json {
		a.tracer.format += " JSON"
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
	a.tracer.service = brief(cmp.Or(entry.Meta["_dd.base_service"], entry.Service))
	a.tracer.language = cmp.Or(a.tracer.language, brief(entry.Meta["language"]))
	a.tracer.env, a.tracer.version = brief(entry.Meta["env"]), brief(entry.Meta["version"])
	return a
}

// tracerOf returns what a request's headers reveal about its tracer.
func tracerOf(header http.Header) tracerID {
	return tracerID{
		language: brief(header.Get("Datadog-Meta-Lang")),
		library:  brief(header.Get("Datadog-Meta-Tracer-Version")),
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

// longAgo is how old a span may be when it arrives without its tracer's clock seeming to
// be slow.
const longAgo = time.Hour

// clockOffset returns how far the clock of a span's tracer seems to be ahead. A span that
// ended less than longAgo before may have waited to be sent.
func clockOffset(s *apm.Span, arrival time.Time) time.Duration {
	offset := time.Duration(s.End() - arrival.UnixNano())
	if offset < 0 && offset > -longAgo {
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
