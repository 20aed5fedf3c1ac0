package comparison

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"thinker/shared/apm"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/compare"
	"thinker/shared/apm/internal/web/chart"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
	"time"
)

// compareTracesPage shows two traces side by side, span by span, or offers traces to
// compare.
type compareTracesPage struct {
	page.Frame
	A, B traceSide

	Outcome outcome
	Time    timeCompared
	Tree    treeCompared

	Newest  []traceChoice // of all traces, for the forms that take an ID
	Similar []traceChoice // of the resource of the only trace chosen so far
}

// A traceSide is trace A or trace B.
type traceSide struct {
	Letter string // A or B
	Asked  string // its ID as the reader gave it
	Wrong  string // why there is no such trace, in a sentence
	Found  bool

	ID       string
	Service  page.Service
	Resource string
	Version  string
	Status   string // of its HTTP response
	Duration page.Amount
	Date     page.Moment
	Spans    int
	Errors   int
	More     string // if only a part of the trace is compared, a sentence that says so
	trace    apm.Trace
}

// A traceChoice is a trace that the page offers to compare.
type traceChoice struct {
	page.TraceRow
	Version string
	URL     string
}

// showCompareTraces serves GET /compare/traces?a=ID&b=ID&show=changes&fold=no&rows=all.
func (w room) showCompareTraces(rw http.ResponseWriter, r *http.Request) (err error) {
	ctx, asked := r.Context(), r.URL.Query()
	data := compareTracesPage{Frame: w.Frame(r, "traces", "Compare traces", page.Docs{})}
	if data.A, err = w.traceSide(ctx, "A", asked.Get("a")); err != nil {
		return err
	}
	if data.B, err = w.traceSide(ctx, "B", asked.Get("b")); err != nil {
		return err
	}
	status := http.StatusOK
	if data.Both() {
		w.compareTraces(&data)
	} else {
		if data.A.Wrong+data.B.Wrong != "" {
			status = http.StatusNotFound
		}
		if err := w.offerTraces(ctx, &data); err != nil {
			return err
		}
	}
	return w.Render(rw, status, "compare_traces.html", data)
}

func (w room) compareTraces(data *compareTracesPage) {
	a, b := data.A.trace, data.B.trace
	places := compare.Align(a, b)
	data.Title = fmt.Sprintf("%s and %s · Compare traces", data.A.Resource, data.B.Resource)
	data.Outcome = outcomeOf(a, b, compare.Sum(places))
	data.Time = w.timeCompared(a.ServiceTimes(), b.ServiceTimes())
	data.Tree = w.treeCompared(data.Place, a, b, places)
}

// traceSide finds a trace by its ID. A trace that isn't found is no error: the page says
// so and keeps the other trace.
func (w room) traceSide(ctx context.Context, letter, id string) (traceSide, error) {
	side := traceSide{Letter: letter, Asked: id}
	if id == "" {
		return side, nil
	}
	trace, found, err := w.Find(ctx, id, 2)
	var wrong page.Failure
	switch {
	case errors.As(err, &wrong):
		side.Wrong = wrong.Detail
		return side, nil
	case err != nil:
		return side, err
	case !found:
		side.Wrong = fmt.Sprintf("Trace %d is not stored. It has not arrived yet, "+
			"or it was evicted to make room for newer traces, or deleted.", trace.ID)
		return side, nil
	}
	entry := trace.Entry()
	side = traceSide{
		Letter: letter, Asked: id, Found: true, trace: trace,
		ID:       page.FormatID(trace.ID),
		Service:  w.Service(entry.Service),
		Resource: page.Short(cmp.Or(entry.Resource, entry.Name, "no resource")),
		Version:  page.Short(entry.Meta["version"]),
		Status:   page.Short(entry.StatusCode()),
		Duration: page.Duration(trace.Duration()),
		Date:     page.MomentOf(trace.Start()),
		Spans:    len(trace.Spans),
		Errors:   trace.Errors(),
	}
	if trace.Truncated > 0 {
		side.More = fmt.Sprintf("%s is too large to compare in full: %s.", letter,
			format.Count(trace.Truncated, "more span is stored", "more spans are stored"))
	}
	return side, nil
}

// Both reports whether there are two traces to compare.
func (p compareTracesPage) Both() bool { return p.A.Found && p.B.Found }

// Same reports whether A and B are the same trace.
func (p compareTracesPage) Same() bool { return p.A.ID == p.B.ID }

// Sides returns A and B.
func (p compareTracesPage) Sides() []traceSide { return []traceSide{p.A, p.B} }

// Known returns the side that was found, if only one was.
func (p compareTracesPage) Known() traceSide {
	if p.B.Found {
		return p.B
	}
	return p.A
}

// SwapURL returns the address of the page with A and B swapped.
func (p compareTracesPage) SwapURL() string { return p.Place.With("a", p.B.ID, "b", p.A.ID) }

// OtherURL returns the address of the page that offers other traces to compare A with.
func (p compareTracesPage) OtherURL() string { return p.Place.With("b", "") }

// offerTraces offers the newest traces and, if one trace is chosen already, the newest of
// its resource, some of each version.
func (w room) offerTraces(ctx context.Context, data *compareTracesPage) error {
	const newest, similar, versions, perVersion = 50, 20, 6, 4
	found, _, err := w.Search(ctx, query.Request{Limit: newest})
	if err != nil {
		return err
	}
	for _, s := range found {
		data.Newest = append(data.Newest, traceChoice{TraceRow: page.NewTraceRow(w.Site, s)})
	}
	known, missing := data.Known(), "b"
	if data.B.Found {
		missing = "a"
	}
	if !known.Found {
		return nil
	}
	alike := alikeTo(known.trace.Entry())
	deployed, err := w.Deployments(ctx, query.Selection{Query: alike}, known.trace.Entry().Service)
	if err != nil {
		return err
	}
	offer := func(q query.Query, version string, limit int) error {
		request := query.Request{Selection: query.Selection{Query: q}, Limit: limit + 1}
		found, _, err := w.Search(ctx, request)
		for _, s := range found {
			if s.TraceID != known.trace.ID && limit > 0 {
				row := page.NewTraceRow(w.Site, s)
				data.Similar = append(data.Similar, traceChoice{row, page.Short(version), data.Place.With(missing, row.ID)})
				limit--
			}
		}
		return err
	}
	if len(deployed) == 0 {
		return offer(alike, "", similar)
	}
	deployed = deployed[:min(len(deployed), versions)]
	for _, d := range deployed {
		limit := max(perVersion, similar/len(deployed))
		if err := offer(page.And(alike, "version", d.Version), d.Version, limit); err != nil {
			return err
		}
	}
	return nil
}

// alikeTo returns a query for spans with the service, operation and resource of a span.
func alikeTo(s *apm.Span) (q query.Query) {
	for _, field := range [][2]string{
		{"service", s.Service}, {"operation_name", s.Name}, {"resource_name", s.Resource},
	} {
		if field[1] != "" { // a query for an empty value finds nothing
			q = page.And(q, field[0], field[1])
		}
	}
	return q
}

// An outcome sums up in a line how trace B differs from trace A.
type outcome struct {
	Took  string
	Cause *cause // what gained or lost most time; nil if nothing stands out
	Spans string // how many spans only one trace has; a sentence, or empty
}

// A cause is work whose execution time changed: think in thinker-microservice.
type cause struct {
	What, Service string
	Change        string // rose or fell
	From, To      string // execution time in A, and in B
}

// tolerance returns the largest difference of times that count as equal: no two spans
// take exactly as long.
func tolerance(a, b apm.Trace) time.Duration { return max(a.Duration(), b.Duration()) / 100 }

func outcomeOf(a, b apm.Trace, sum compare.Outcome) outcome {
	o := outcome{Took: tookText(a.Duration(), b.Duration())}
	if sum.Gone == len(a.Spans) && sum.Added == len(b.Spans) { // so no work got faster or slower
		o.Spans = "A and B share no span."
		return o
	}
	if len(sum.Work) > 0 {
		most := sum.Work[0]
		if (most.ExecB - most.ExecA).Abs() > tolerance(a, b) {
			o.Cause = &cause{
				What:    page.Short(cmp.Or(most.Span.Resource, most.Span.Name)),
				Service: page.Short(most.Span.Service),
				Change:  "fell",
				From:    chart.Duration(float64(most.ExecA)),
				To:      chart.Duration(float64(most.ExecB)),
			}
			if most.ExecB > most.ExecA {
				o.Cause.Change = "rose"
			}
		}
	}
	var parts []string
	add := func(n int, one, several string) {
		if n > 0 {
			parts = append(parts, format.Count(n, one, several))
		}
	}
	add(sum.Gone, "span is only in A", "spans are only in A")
	add(sum.Added, "span is only in B", "spans are only in B")
	add(sum.GoneErrors, "error is only in A", "errors are only in A")
	add(sum.NewErrors, "error is only in B", "errors are only in B")
	if len(parts) == 0 {
		parts = []string{"A and B have the same spans"}
	}
	o.Spans = strings.Join(parts, ", ") + "."
	return o
}

// tookText compares the durations of two traces.
func tookText(a, b time.Duration) string {
	before, now := format.Duration(a), format.Duration(b)
	if before == now {
		return "Both took " + now
	}
	text := fmt.Sprintf("B took %s instead of %s", now, before)
	if times := timesAs(a, b); times != "" {
		text += " (" + times + ")"
	}
	return text
}

// timesAs formats how much a time changed: 42 × faster, +10 %. It returns an empty text
// for small changes.
func timesAs(a, b time.Duration) string {
	const small = 0.05
	before, now := float64(a), float64(b)
	switch {
	case before <= 0 || now <= 0 || max(before, now)/min(before, now) < 1+small:
		return ""
	case before >= 2*now:
		return format.Significant(before/now) + " × faster"
	case now >= 2*before:
		return format.Significant(now/before) + " × slower"
	case now < before:
		return "−" + format.Significant(100*(before-now)/before) + " %"
	default:
		return "+" + format.Significant(100*(now-before)/before) + " %"
	}
}
