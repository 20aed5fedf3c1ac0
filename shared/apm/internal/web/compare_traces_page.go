package web

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/compare"
)

// compareTracesPage is two traces side by side, span by span.
type compareTracesPage struct {
	frame
	A, B traceSide

	Outcome outcome
	Time    timeCompared
	Tree    treeCompared

	Newest  []traceChoice // of all traces, to type one's ID
	Similar []traceChoice // of the same resource, to compare a lone one with
}

// A traceSide is one of the two.
type traceSide struct {
	Letter string // A or B
	Asked  string // its ID as the reader gave it
	Wrong  string // why that is none, in a sentence
	Found  bool

	ID       string
	Service  service
	Resource string
	Version  string
	Status   string // of its HTTP answer
	Duration amount
	Date     moment
	Spans    int
	Errors   int
	More     string // that not all of it is compared, in a sentence; empty where it is
	trace    apm.Trace
}

// showCompareTraces serves GET /compare/traces?a=ID&b=ID&show=changes&fold=no&rows=all.
func (w *Web) showCompareTraces(rw http.ResponseWriter, r *http.Request) (err error) {
	page := compareTracesPage{frame: w.frame(r, "traces", "Compare traces", docs{})}
	if page.A, err = w.traceSide(r, "A", "a"); err != nil {
		return err
	}
	if page.B, err = w.traceSide(r, "B", "b"); err != nil {
		return err
	}
	if !page.Both() {
		if err := w.chooseTraces(r.Context(), &page); err != nil {
			return err
		}
		status := http.StatusOK
		if page.A.Wrong != "" || page.B.Wrong != "" {
			status = http.StatusNotFound
		}
		return w.render(rw, status, "compare_traces.html", page)
	}
	a, b := page.A.trace, page.B.trace
	places := compare.Align(a, b)
	page.Title = fmt.Sprintf("%s and %s · Compare traces", page.A.Resource, page.B.Resource)
	page.Outcome = outcomeOf(a, b, compare.Sum(places))
	page.Time = w.timeCompared(a.ServiceTimes(), b.ServiceTimes())
	page.Tree = w.treeCompared(page.Place, a, b, places)
	return w.render(rw, http.StatusOK, "compare_traces.html", page)
}

// traceSide finds the trace that a parameter names. One that is not there is no
// error: the page says so, and keeps the other.
func (w *Web) traceSide(r *http.Request, letter, parameter string) (traceSide, error) {
	side := traceSide{Letter: letter, Asked: r.URL.Query().Get(parameter)}
	if side.Asked == "" {
		return side, nil
	}
	trace, found, err := w.find(r.Context(), side.Asked, 2)
	var told failure
	switch {
	case errors.As(err, &told):
		side.Wrong = told.detail
		return side, nil
	case err != nil:
		return side, err
	case !found:
		side.Wrong = fmt.Sprintf("Trace %d is not stored. It has not arrived yet, or it was evicted to make room for newer traces, or deleted.", trace.ID)
		return side, nil
	}
	entry := trace.Entry()
	side.Found = true
	side.trace = trace
	side.ID = decimal(trace.ID)
	side.Service = w.service(entry.Service)
	side.Resource = short(cmp.Or(entry.Resource, entry.Name, "no resource"))
	side.Version = short(entry.Meta["version"])
	side.Status = short(entry.StatusCode())
	side.Duration = duration(trace.Duration())
	side.Date = momentOf(trace.Start())
	side.Spans = len(trace.Spans)
	side.Errors = trace.Errors()
	if trace.Truncated > 0 {
		side.More = fmt.Sprintf("%s is too large to compare in full: %s.", letter, format.Count(trace.Truncated, "more span is stored", "more spans are stored"))
	}
	return side, nil
}

// Both reports whether there are two traces to compare.
func (p compareTracesPage) Both() bool { return p.A.Found && p.B.Found }

// Same reports whether the two are one.
func (p compareTracesPage) Same() bool { return p.A.ID == p.B.ID }

// Sides are the two.
func (p compareTracesPage) Sides() []traceSide { return []traceSide{p.A, p.B} }

// Known is the one that is there where the other is not.
func (p compareTracesPage) Known() traceSide {
	if p.B.Found {
		return p.B
	}
	return p.A
}

// SwapURL is the page with the two the other way round.
func (p compareTracesPage) SwapURL() string { return p.Place.With("a", p.B.ID, "b", p.A.ID) }

// OtherURL is the page that offers other traces to compare A with.
func (p compareTracesPage) OtherURL() string { return p.Place.With("b", "") }
