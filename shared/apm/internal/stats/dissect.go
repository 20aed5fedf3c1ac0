package stats

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"thinker/shared/apm"
)

// Limits of an anatomy, and of the entries in each map while it's built. Beyond maxEntries,
// each span of a new entry counts as an omitted one.
const (
	maxServices  = 1000
	maxSpanKinds = 500
	maxEdges     = 2000
	maxEntries   = 10_000
)

// A Dissection builds an Anatomy from the requests' traces, in any order.
type Dissection struct {
	anatomy  Anatomy
	buckets  int
	services map[string]*SpentTime
	kinds    map[kind]*kindSum
	edges    map[[2]string]*edgeSum
	others   time.Duration // execution time of services without an entry
}

// A kind identifies the spans of a SpanSummary.
type kind struct{ service, name, resource, spanType string }

type kindSum struct {
	SpanSummary
	shares float64 // sum of the parts of each trace's execution time
	trace  int     // the last one with such a span
}

type edgeSum struct {
	Edge
	trace int // the last one with such a call
}

// NewDissection returns a Dissection without traces. Requests start from from to before
// to, in nanoseconds since the Unix epoch. That time range is divided into buckets parts.
func NewDissection(from, to int64, buckets int) *Dissection {
	d := &Dissection{
		anatomy:  Anatomy{From: from, To: to},
		buckets:  buckets,
		services: map[string]*SpentTime{},
		kinds:    map[kind]*kindSum{},
		edges:    map[[2]string]*edgeSum{},
	}
	if buckets > 0 {
		d.anatomy.SeriesRequests = make([]int, buckets)
	}
	return d
}

// Add adds the requests of a trace. A trace without a request changes nothing.
func (d *Dissection) Add(trace apm.Trace, isRequest func(*apm.Span) bool) {
	exec := trace.ExecTimes()
	spans := linkSpans(trace, isRequest)
	before := d.anatomy.Requests
	var total float64 // of the trace's requests, in nanoseconds
	for at, s := range spans {
		if s.request == at {
			d.anatomy.Requests++
			if d.buckets > 0 {
				d.anatomy.SeriesRequests[d.bucket(s.Span)]++
			}
		}
		if s.request != none {
			total += float64(exec[s.SpanID])
		}
	}
	if d.anatomy.Requests == before {
		return
	}
	d.anatomy.Traces++
	for _, s := range spans {
		if s.request != none {
			d.addWork(s.Service, exec[s.SpanID], spans[s.request].Span)
			d.addSpan(s.Span, exec[s.SpanID], total)
		}
		if s.parent != none && (s.request != none || s.leads) {
			d.addCall(spans[s.parent].Service, s.Span)
		}
	}
}

// none is the index of a missing span.
const none = -1

// A linkedSpan refers to spans above it, by their indexes in a list.
type linkedSpan struct {
	*apm.Span
	parent  int  // none for a root
	request int  // the closest one: itself or above it
	leads   bool // whether a request is below it
}

// linkSpans lists a trace's spans, parents before their children.
func linkSpans(trace apm.Trace, isRequest func(*apm.Span) bool) []linkedSpan {
	spans := make([]linkedSpan, 0, len(trace.Spans))
	var line func(node *apm.Node, parent, request int)
	line = func(node *apm.Node, parent, request int) {
		at := len(spans)
		if isRequest(node.Span) {
			request = at
		}
		spans = append(spans, linkedSpan{Span: node.Span, parent: parent, request: request})
		for _, child := range node.Children {
			line(child, at, request)
		}
	}
	for _, root := range trace.Tree() {
		line(root, none, none)
	}
	for at, s := range spans {
		if s.request != at {
			continue
		}
		for up := s.parent; up != none && !spans[up].leads; up = spans[up].parent {
			spans[up].leads = true
		}
	}
	return spans
}

func (d *Dissection) bucket(request *apm.Span) int {
	return Bucket(request.Start, d.anatomy.From, d.anatomy.To, d.buckets)
}

func (d *Dissection) addWork(name string, exec time.Duration, request *apm.Span) {
	service, isNew := entry(d.services, name)
	switch {
	case service == nil:
		d.anatomy.OtherServices++
		d.others = apm.Plus(d.others, exec)
		return
	case isNew:
		service.Service = name
		if d.buckets > 0 {
			service.Series = make([]time.Duration, d.buckets)
		}
	}
	service.Exec = apm.Plus(service.Exec, exec)
	if d.buckets > 0 {
		at := d.bucket(request)
		service.Series[at] = apm.Plus(service.Series[at], exec)
	}
}

func (d *Dissection) addSpan(s *apm.Span, exec time.Duration, total float64) {
	sum, isNew := entry(d.kinds, kind{s.Service, s.Name, s.Resource, s.Type})
	switch {
	case sum == nil:
		d.anatomy.OtherSpans++
		return
	case isNew:
		sum.Service, sum.Name, sum.Resource, sum.Type = s.Service, s.Name, s.Resource, s.Type
	}
	sum.Spans++
	if s.Error {
		sum.Errors++
	}
	if sum.trace != d.anatomy.Traces {
		sum.trace = d.anatomy.Traces
		sum.Traces++
	}
	sum.Total = apm.Plus(sum.Total, s.Duration)
	sum.Exec = apm.Plus(sum.Exec, exec)
	if total > 0 {
		sum.shares += float64(exec) / total
	}
}

func (d *Dissection) addCall(from string, s *apm.Span) {
	if from == s.Service {
		return
	}
	sum, isNew := entry(d.edges, [2]string{from, s.Service})
	switch {
	case sum == nil:
		d.anatomy.OtherEdges++
		return
	case isNew:
		sum.From, sum.To = from, s.Service
	}
	sum.Calls++
	if s.Error {
		sum.Errors++
	}
	if sum.trace != d.anatomy.Traces {
		sum.trace = d.anatomy.Traces
		sum.Traces++
	}
	sum.Total = apm.Plus(sum.Total, s.Duration)
	sum.Max = max(sum.Max, s.Duration)
}

// entry returns the entry of a key, and adds one if it's missing. It returns nil if there
// are too many.
func entry[K comparable, V any](of map[K]*V, key K) (value *V, isNew bool) {
	if value = of[key]; value == nil && len(of) < maxEntries {
		value, isNew = new(V), true
		of[key] = value
	}
	return value, isNew
}

// Anatomy returns the anatomy of the added traces. of is the number of all requests,
// including those that weren't added.
func (d *Dissection) Anatomy(of int) Anatomy {
	a := d.anatomy
	a.Of = max(of, a.Requests)

	var total float64
	for _, service := range slices.SortedFunc(maps.Values(d.services), compareWork) {
		a.Services = append(a.Services, *service)
		total += float64(service.Exec)
	}
	if total += float64(d.others); total > 0 {
		for i := range a.Services {
			a.Services[i].Percent = 100 * float64(a.Services[i].Exec) / total
		}
	}
	a.Services = first(a.Services, maxServices, &a.OtherServices)

	for _, sum := range d.kinds {
		sum.ExecPercent = 100 * sum.shares / float64(sum.Traces)
		a.Spans = append(a.Spans, sum.SpanSummary)
	}
	slices.SortFunc(a.Spans, compareKinds)
	a.Spans = first(a.Spans, maxSpanKinds, &a.OtherSpans)

	for _, sum := range d.edges {
		a.Edges = append(a.Edges, sum.Edge)
	}
	slices.SortFunc(a.Edges, func(a, b Edge) int { return cmp.Or(cmp.Compare(b.Calls, a.Calls), compareEdges(a, b)) })
	a.Edges = first(a.Edges, maxEdges, &a.OtherEdges)
	slices.SortFunc(a.Edges, compareEdges)
	return a
}

func compareWork(a, b *SpentTime) int {
	return cmp.Or(cmp.Compare(b.Exec, a.Exec), cmp.Compare(a.Service, b.Service))
}

func compareKinds(a, b SpanSummary) int {
	return cmp.Or(cmp.Compare(b.Exec, a.Exec), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Name, b.Name),
		cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Type, b.Type))
}

func compareEdges(a, b Edge) int {
	return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
}

// first returns the first limit values of a list, and adds the number of the others.
func first[V any](list []V, limit int, others *int) []V {
	if len(list) <= limit {
		return list
	}
	*others += len(list) - limit
	return list[:limit]
}
