package comparison

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/compare"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
)

// A tracesPage shows two traces side by side, span by span, or offers traces to compare.
type tracesPage struct {
	page.Frame
	Sides [2]traceSide // A and B

	Outcome outcome
	Time    timeCompared
	Tree    treeCompared

	Newest  []apm.Summary // of all traces, for the forms that take an ID
	Similar []traceChoice // of the resource of the only trace chosen so far
}

// A traceSide is trace A or trace B.
type traceSide struct {
	apm.Trace
	Letter string
	Asked  string    // its ID as the reader gave it
	Wrong  string    // why there is no such trace, in a sentence
	Entry  *apm.Span // nil if there is no such trace
}

// A traceChoice is a trace that the page offers to compare.
type traceChoice struct {
	apm.Summary
	Version string
	URL     string
}

// A tracesRequest is what a reader chose to compare.
type tracesRequest struct {
	ids  [2]string // of A and B, in any form
	tree treeChoices
}

func parseTracesRequest(r *http.Request) tracesRequest {
	asked := r.URL.Query()
	return tracesRequest{[2]string{asked.Get("a"), asked.Get("b")}, treeChoices{
		onlyChanges: asked.Get("show") == "changes", unfolded: asked.Get("fold") == "no", allRows: asked.Get("rows") == "all",
	}}
}

// showTraces serves GET /compare/traces?a=ID&b=ID&show=changes&fold=no&rows=all.
func (p pages) showTraces(rw http.ResponseWriter, r *http.Request) (err error) {
	request := parseTracesRequest(r)
	data := tracesPage{Frame: p.Frame(r, "traces", "Compare traces", page.Docs{})}
	for side, id := range request.ids {
		if data.Sides[side], err = p.findSide(r.Context(), letter(side), id); err != nil {
			return err
		}
	}
	status := http.StatusOK
	if data.Both() {
		a, b := data.Sides[0], data.Sides[1]
		places := compare.Align(a.Trace, b.Trace)
		data.Title = fmt.Sprintf("%s and %s · Compare traces", a.Resource(), b.Resource())
		data.Outcome = outcomeOf(a.Trace, b.Trace, places)
		data.Time = compareTimes(p.Site, [2][]apm.ServiceTime{a.ServiceTimes(), b.ServiceTimes()})
		data.Tree = newTree(data.URL, request.tree, max(a.Duration(), b.Duration()), places)
	} else {
		if data.Sides[0].Wrong+data.Sides[1].Wrong != "" {
			status = http.StatusNotFound
		}
		if err := data.offerTraces(r.Context(), p.Traces); err != nil {
			return err
		}
	}
	return p.Render(rw, status, "compare_traces.html", data)
}

// findSide finds a trace by its ID. A trace that isn't found is no error: the page says so
// and keeps the other trace.
func (p pages) findSide(ctx context.Context, letter, id string) (traceSide, error) {
	side := traceSide{Letter: letter, Asked: id}
	if id == "" {
		return side, nil
	}
	trace, found, err := p.Find(ctx, id, 2)
	var wrong page.Failure
	switch {
	case errors.As(err, &wrong):
		side.Wrong = wrong.Detail
	case err != nil:
		return side, err
	case !found:
		side.Wrong = fmt.Sprintf("Trace %d is not stored. It has not arrived yet, "+
			"or it was evicted to make room for newer traces, or deleted.", trace.ID)
	default:
		side.Trace, side.Entry = trace, trace.Entry()
	}
	return side, nil
}

// Resource returns what the trace is about.
func (s traceSide) Resource() string {
	return page.Short(cmp.Or(s.Entry.Resource, s.Entry.Name, "no resource"))
}

// Both reports whether there are two traces to compare.
func (p tracesPage) Both() bool { return p.Sides[0].Entry != nil && p.Sides[1].Entry != nil }

// Known returns the side that was found, if only one was; nil if none was.
func (p tracesPage) Known() *traceSide {
	for i := range p.Sides {
		if p.Sides[i].Entry != nil {
			return &p.Sides[i]
		}
	}
	return nil
}

// offerTraces offers the newest traces and, if one trace is chosen already, the newest of
// its resource, some of each version.
func (p *tracesPage) offerTraces(ctx context.Context, traces page.Traces) error {
	const newest, similar, versions, perVersion = 50, 20, 6, 4
	var err error
	if p.Newest, _, err = traces.Search(ctx, query.Request{Limit: newest}); err != nil {
		return err
	}
	known := p.Known()
	if known == nil {
		return nil
	}
	q := queryFor(known.Entry.Service, known.Entry.Name, known.Entry.Resource)
	deployments, err := page.Deployments(ctx, traces, query.Selection{Query: q})
	if err != nil {
		return err
	}
	deployed := deployments[known.Entry.Service]
	if len(deployed) == 0 {
		deployed = []page.Deployment{{}}
	}
	deployed = deployed[:min(len(deployed), versions)]
	missing := "b"
	if known.Letter == "B" {
		missing = "a"
	}
	for _, d := range deployed {
		left := max(perVersion, similar/len(deployed))
		request := query.Request{Selection: query.Selection{Query: q}, Limit: left + 1}
		if d.Version != "" {
			request.Query = page.And(q, "version", d.Version)
		}
		found, _, err := traces.Search(ctx, request)
		if err != nil {
			return err
		}
		for _, s := range found {
			if s.TraceID != known.ID && left > 0 {
				url := p.URL.With(missing, page.FormatID(s.TraceID))
				p.Similar = append(p.Similar, traceChoice{s, d.Version, url})
				left--
			}
		}
	}
	return nil
}

// An outcome sums up in a line how trace B differs from trace A.
type outcome struct {
	Took  string
	Cause *cause // what gained or lost most time; nil if nothing stands out
	Spans string // how many spans only one trace has, in a sentence
}

// A cause is a kind of work whose execution time changed.
type cause struct {
	Span     *apm.Span // one of this kind
	From, To time.Duration
}

func outcomeOf(a, b apm.Trace, places []compare.Place) outcome {
	o := outcome{Took: tookText(a.Duration(), b.Duration())}
	var (
		all  tally
		work []tally // by kind
	)
	kind := page.Index(func(compare.Kind) { work = append(work, tally{}) })
	for i := range places {
		p := &places[i]
		all.add(p)
		at := kind(compare.KindOf(p.Span()))
		work[at].add(p)
	}
	if all.only[0] == len(a.Spans) && all.only[1] == len(b.Spans) { // so no work got faster or slower
		o.Spans = "A and B share no span."
		return o
	}
	most := max(a.Duration(), b.Duration()) / 100
	for _, t := range work {
		if changed := (t.exec[1] - t.exec[0]).Abs(); changed > most {
			most, o.Cause = changed, &cause{t.span, t.exec[0], t.exec[1]}
		}
	}
	var parts []string
	for _, part := range []struct {
		n            int
		one, several string
	}{
		{all.only[0], "span is only in A", "spans are only in A"},
		{all.only[1], "span is only in B", "spans are only in B"},
		{all.errors[0], "error is only in A", "errors are only in A"},
		{all.errors[1], "error is only in B", "errors are only in B"},
	} {
		if part.n > 0 {
			parts = append(parts, format.Count(part.n, part.one, part.several))
		}
	}
	o.Spans = cmp.Or(strings.Join(parts, ", "), "A and B have the same spans") + "."
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
