package comparison

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"thinker/shared/apm"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/chart"
	"thinker/shared/apm/internal/web/page"
	"time"
)

// A figureCompared is a figure of two versions.
type figureCompared struct {
	Name, Means string
	A, B        page.Amount
	Difference  page.Amount // with its sign
	Times       string      // 42 × faster; empty for small differences
	TooFew      bool        // there are too few requests to say how many times
	FailedA     bool        // a figure of errors that isn't 0
	FailedB     bool
}

// figuresCompared returns the rows of the Figures table.
func figuresCompared(a, b stats.Group) []figureCompared {
	count := func(name string, a, b int) figureCompared {
		return figureCompared{
			Name: name, A: page.Amount{Value: format.Number(a)}, B: page.Amount{Value: format.Number(b)},
			Difference: page.Amount{Value: withSign(b-a, format.Number(max(a-b, b-a)))},
		}
	}
	rateA, rateB := perSecondSeen(a), perSecondSeen(b)
	rates := figureCompared{
		Name: "Requests per second", Means: "Between the first request and the last",
		A: page.Rate(rateA), B: page.Rate(rateB), Difference: signed(rateB-rateA, "req/s"),
	}
	if none := (page.Amount{Value: "–"}); min(a.Requests, b.Requests) < minRequests {
		rates.A, rates.B, rates.Difference = none, none, none
	}
	errors := count("Errors", a.Errors, b.Errors)
	errorRate := figureCompared{
		Name: "Error rate", A: page.Percent(a.ErrorRate()), B: page.Percent(b.ErrorRate()),
		Difference: signed(100*(b.ErrorRate()-a.ErrorRate()), "% points"),
	}
	for _, row := range []*figureCompared{&errors, &errorRate} {
		row.FailedA, row.FailedB = a.Errors > 0, b.Errors > 0
	}
	rows := []figureCompared{count("Requests", a.Requests, b.Requests), rates, errors, errorRate}
	for _, l := range chart.Latencies() {
		before, now := l.Of(a.Figures), l.Of(b.Figures)
		row := figureCompared{
			Name: l.Title, Means: l.Means, A: page.Duration(before), B: page.Duration(now),
			Difference: scale{}.change(before, now).Amount,
			Times:      timesAs(before, now),
		}
		if row.Times != "" && !isReliable(l.Percent, a.Figures, b.Figures) {
			row.Times, row.TooFew = "", true
		}
		rows = append(rows, row)
	}
	return rows
}

// isReliable reports whether a percentile of two versions is worth a ratio: only if
// several requests of both are slower.
func isReliable(percent int, a, b stats.Figures) bool {
	const slower = 5
	requests := min(a.Requests, b.Requests)
	return requests >= minRequests && requests*(100-percent) >= 100*slower
}

// perSecondSeen returns the rate of a group's requests between the first and the last,
// over at least a second.
func perSecondSeen(g stats.Group) float64 {
	seconds := float64(uint64(g.Last)-uint64(g.First)) / 1e9
	return float64(g.Requests) / max(1, seconds)
}

// signed formats a difference with its sign.
func signed(x float64, unit string) page.Amount {
	text := format.Significant(max(x, -x))
	if text == "0" {
		return page.Amount{Value: "0"}
	}
	return page.Amount{Value: withSign(x, text), Unit: unit}
}

// withSign puts the sign of a number before its text; 0 has none.
func withSign[N int | float64](n N, text string) string {
	switch {
	case n < 0:
		return "−" + text
	case n > 0:
		return "+" + text
	}
	return text
}

// versionsOutcome sums up in a line how B's requests differ from A's.
func versionsOutcome(a, b stats.Figures) string {
	const accuracy = 0.01 // of percentiles
	latency := func(name string, percent int, before, now time.Duration) string {
		was, is := format.Duration(before), format.Duration(now)
		if was == is || float64((now-before).Abs()) <= accuracy*float64(before) {
			return fmt.Sprintf("%s unchanged (%s)", name, is)
		}
		text := fmt.Sprintf("%s %s → %s", name, was, is)
		if times := timesAs(before, now); times != "" && isReliable(percent, a, b) {
			text += " (" + times + ")"
		}
		return text
	}
	text := strings.Join([]string{
		latency("p50", 50, a.P50, b.P50), latency("p95", 95, a.P95, b.P95), latency("avg", 50, a.Average(), b.Average()),
	}, ", ")
	switch before, now := page.Percent(a.ErrorRate()), page.Percent(b.ErrorRate()); {
	case a.Errors+b.Errors == 0:
		return text + ", no errors"
	case before == now:
		return text + fmt.Sprintf(", error rate unchanged (%s)", now)
	default:
		return text + fmt.Sprintf(", error rate %s → %s", before, now)
	}
}

// A kindCompared is a kind of span in the requests of two versions. Its figures are
// averages per request.
type kindCompared struct {
	Service  page.Service
	Name     string
	Resource string
	Sides    [2]kindSide // of A and B
	Change   change      // of the execution time
	Mark     string      // what differs, in words
}

type kindSide struct {
	Count string // of spans
	Exec  page.Amount

	known bool
	exec  time.Duration
}

// fewKinds is how many kinds of spans the page lists by default.
const fewKinds = 20

// kindsCompared compares the kinds of spans in two versions' requests; the kind whose
// execution time differs most comes first. Without all it returns only the first kinds,
// and the number of kinds left out.
func (w room) kindsCompared(a, b stats.Anatomy, all bool) (rows []kindCompared, unlisted int) {
	type kind struct{ service, name, resource, spanType string }
	indexes := map[kind]int{}
	none := kindSide{Count: "–", Exec: page.Amount{Value: "–"}}
	for side, anatomy := range []stats.Anatomy{a, b} {
		requests := max(1, anatomy.Requests)
		for _, s := range anatomy.Spans {
			k := kind{s.Service, s.Name, s.Resource, s.Type}
			i, known := indexes[k]
			if !known {
				i = len(rows)
				indexes[k] = i
				rows = append(rows, kindCompared{
					Service: w.Service(s.Service), Name: page.Short(s.Name), Resource: page.Short(s.Resource),
					Sides: [2]kindSide{none, none},
				})
			}
			exec := s.Exec / time.Duration(requests)
			count := format.Significant(float64(s.Spans) / float64(requests))
			rows[i].Sides[side] = kindSide{Count: count, Exec: orNothing(exec), known: true, exec: exec}
		}
	}
	slices.SortStableFunc(rows, func(x, y kindCompared) int {
		return cmp.Or(cmp.Compare(y.difference(), x.difference()), cmp.Compare(y.longest(), x.longest()))
	})
	if !all && len(rows) > fewKinds {
		unlisted = len(rows) - fewKinds
		rows = rows[:fewKinds]
	}
	whole := max(execPerRequest(a), execPerRequest(b))
	for i := range rows {
		row := &rows[i]
		row.Change = scale{whole / 100, whole}.change(row.Sides[0].exec, row.Sides[1].exec)
		row.Mark = row.mark(a.OtherSpans > 0, b.OtherSpans > 0)
	}
	return rows, unlisted
}

func (k *kindCompared) difference() time.Duration { return (k.Sides[0].exec - k.Sides[1].exec).Abs() }
func (k *kindCompared) longest() time.Duration    { return max(k.Sides[0].exec, k.Sides[1].exec) }

// mark returns what differs. A kind that is missing from a version with unlisted kinds may
// be one of those, so it has no mark.
func (k *kindCompared) mark(moreInA, moreInB bool) string {
	switch inA, inB := k.Sides[0].known, k.Sides[1].known; {
	case !inB && !moreInB:
		return "only in A"
	case !inA && !moreInA:
		return "only in B"
	case inA && inB && k.Change.Much && k.Change.More:
		return "slower"
	case inA && inB && k.Change.Much:
		return "faster"
	}
	return ""
}

func execPerRequest(a stats.Anatomy) (whole time.Duration) {
	for _, service := range averageTimes(a) {
		whole = apm.Plus(whole, service.Exec)
	}
	return whole
}
