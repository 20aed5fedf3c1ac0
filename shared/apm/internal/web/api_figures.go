package web

import (
	"fmt"
	"net/http"

	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/query"
)

// A jsonBreakdown is the answer to GET /api/figures.
type jsonBreakdown struct {
	From   int64       `json:"from"` // of the time that the series divide
	To     int64       `json:"to"`   // exclusive
	Step   int64       `json:"step"` // of the series, rounded down; 0 without
	By     []string    `json:"by"`   // the attributes that each group has values of
	Total  jsonGroup   `json:"total"`
	Groups []jsonGroup `json:"groups"` // those with most requests first
	Others int         `json:"others"` // groups left out
}

type jsonGroup struct {
	Values []string `json:"values"` // in the order of by; "" where spans have none
	jsonFigures
	FirstSeen    int64         `json:"first_seen"` // start of the earliest span; 0 without spans
	LastSeen     int64         `json:"last_seen"`
	Series       *jsonSeries   `json:"series,omitempty"`       // where buckets were asked for
	Distribution []jsonLatency `json:"distribution,omitempty"` // where asked for
}

// jsonFigures are durations in nanoseconds, but for the rate, which is from 0
// to 1; all of them 0 without requests.
type jsonFigures struct {
	Requests  int     `json:"requests"`
	Errors    int     `json:"errors"`
	ErrorRate float64 `json:"error_rate"`
	Total     int64   `json:"total"`
	Avg       int64   `json:"avg"`
	P50       int64   `json:"p50"`
	P75       int64   `json:"p75"`
	P90       int64   `json:"p90"`
	P95       int64   `json:"p95"`
	P99       int64   `json:"p99"`
	Max       int64   `json:"max"`
}

// A jsonSeries has the figures of each bucket, in arrays as long as one
// another. A latency is null where there were no requests.
type jsonSeries struct {
	Requests []int    `json:"requests"`
	Errors   []int    `json:"errors"`
	Avg      []*int64 `json:"avg"`
	P50      []*int64 `json:"p50"`
	P75      []*int64 `json:"p75"`
	P90      []*int64 `json:"p90"`
	P95      []*int64 `json:"p95"`
	P99      []*int64 `json:"p99"`
	Max      []*int64 `json:"max"`
}

type jsonLatency struct {
	Duration int64 `json:"duration"`
	Requests int   `json:"requests"`
}

// apiFigures serves GET /api/figures?query=&env=&scope=&from=&to=&by=&buckets=&distribution=&limit=:
// figures of the spans, in total and by up to three attributes.
func (w *Web) apiFigures(rw http.ResponseWriter, r *http.Request) error {
	b, err := breakdownOf(r)
	if err != nil {
		return err
	}
	found, err := w.figures(r.Context(), b)
	if err != nil {
		return err
	}
	answer := jsonBreakdown{
		From: found.From, To: found.To, By: []string{},
		Total: toGroup(found.Total, b), Groups: []jsonGroup{}, Others: found.Others,
	}
	if b.Buckets > 0 {
		answer.Step = (found.To - found.From) / int64(b.Buckets)
	}
	for _, field := range b.By {
		answer.By = append(answer.By, field.String())
	}
	for _, group := range found.Groups {
		answer.Groups = append(answer.Groups, toGroup(group, b))
	}
	return writeJSON(rw, answer)
}

// breakdownOf reads what GET /api/figures asks for.
func breakdownOf(r *http.Request) (b query.Breakdown, err error) {
	const mostTogether = 60_000 // buckets of all groups
	if b.Selection, err = selectionWithin(r, query.ServiceEntrySpans); err != nil {
		return b, err
	}
	if b.By, err = fields(r, "by", 3); err != nil {
		return b, err
	}
	buckets, err := number(r, "buckets", 0, 0, 1000)
	if err != nil {
		return b, err
	}
	limit, err := number(r, "limit", 20, 1, 1000)
	if err != nil {
		return b, err
	}
	if len(b.By) > 0 && buckets*limit > mostTogether {
		return b, failure{http.StatusBadRequest, fmt.Sprintf("Too many buckets: %d for each of %d groups. All groups together can have %s.", buckets, limit, format.Number(mostTogether))}
	}
	b.Buckets, b.Limit = int(buckets), int(limit)
	b.Distribution, err = yes(r, "distribution")
	return b, err
}

func toGroup(g stats.Group, b query.Breakdown) jsonGroup {
	group := jsonGroup{Values: g.Values, jsonFigures: toFigures(g.Figures), FirstSeen: g.First, LastSeen: g.Last}
	if group.Values == nil {
		group.Values = []string{}
	}
	if b.Buckets > 0 {
		group.Series = toSeries(g.Buckets)
	}
	for _, latency := range g.Distribution {
		group.Distribution = append(group.Distribution, jsonLatency{int64(latency.Duration), latency.Requests})
	}
	return group
}

func toFigures(f stats.Figures) jsonFigures {
	return jsonFigures{
		Requests: f.Requests, Errors: f.Errors, ErrorRate: f.ErrorRate(),
		Total: int64(f.Total), Avg: int64(f.Average()),
		P50: int64(f.P50), P75: int64(f.P75), P90: int64(f.P90), P95: int64(f.P95), P99: int64(f.P99),
		Max: int64(f.Max),
	}
}

func toSeries(buckets []stats.Figures) *jsonSeries {
	s := &jsonSeries{}
	for _, f := range buckets {
		all := toFigures(f)
		s.Requests, s.Errors = append(s.Requests, all.Requests), append(s.Errors, all.Errors)
		latency := func(series *[]*int64, value int64) {
			if all.Requests == 0 {
				*series = append(*series, nil)
				return
			}
			*series = append(*series, &value)
		}
		latency(&s.Avg, all.Avg)
		latency(&s.P50, all.P50)
		latency(&s.P75, all.P75)
		latency(&s.P90, all.P90)
		latency(&s.P95, all.P95)
		latency(&s.P99, all.P99)
		latency(&s.Max, all.Max)
	}
	return s
}
