package comparison

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/chart"
	"thinker/shared/apm/internal/web/page"
)

// A figureCompared is a figure of two versions.
type figureCompared struct {
	Name, Means string
	Sides       [2]page.Amount
	Difference  page.Amount // with its sign
	Times       string      // 42 × faster; empty for small differences
	TooFew      bool        // there are too few requests to say how many times
	Failed      [2]bool     // a figure of errors that isn't 0
}

// compareFigures returns the rows of the Figures table.
func compareFigures(groups [2]stats.Group) []figureCompared {
	a, b := groups[0], groups[1]
	count := func(name string, a, b int) figureCompared {
		return figureCompared{
			Name: name, Sides: [2]page.Amount{{Value: format.Number(a)}, {Value: format.Number(b)}},
			Difference: page.Amount{Value: withSign(b-a, format.Number(max(a-b, b-a)))},
		}
	}
	rateA, rateB := rate(a), rate(b)
	rates := figureCompared{
		Name: "Requests per second", Means: "Between the first request and the last",
		Sides: [2]page.Amount{page.Rate(rateA), page.Rate(rateB)}, Difference: signed(rateB-rateA, "req/s"),
	}
	if none := (page.Amount{Value: "–"}); min(a.Requests, b.Requests) < minRequests {
		rates.Sides, rates.Difference = [2]page.Amount{none, none}, none
	}
	errors := count("Errors", a.Errors, b.Errors)
	errorRate := figureCompared{
		Name: "Error rate", Sides: [2]page.Amount{page.Percent(a.ErrorRate()), page.Percent(b.ErrorRate())},
		Difference: signed(100*(b.ErrorRate()-a.ErrorRate()), "% points"),
	}
	errors.Failed = [2]bool{a.Errors > 0, b.Errors > 0}
	errorRate.Failed = errors.Failed
	rows := []figureCompared{count("Requests", a.Requests, b.Requests), rates, errors, errorRate}
	for _, l := range chart.Latencies() {
		before, now := l.Of(a.Figures), l.Of(b.Figures)
		row := figureCompared{
			Name: l.Title, Means: l.Means, Sides: [2]page.Amount{page.Duration(before), page.Duration(now)},
			Difference: scale{}.change([2]time.Duration{before, now}).Amount, Times: timesAs(before, now),
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

// rate returns requests per second between the first and the last, over at least a second.
func rate(g stats.Group) float64 {
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

// outcomeText sums up in a line how B's requests differ from A's.
func outcomeText(a, b stats.Figures) string {
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

// A kindCompared is a kind of span in the requests of two versions.
type kindCompared struct {
	stats.SpanSummary // of A or B
	Counts            [2]string
	Exec              [2]time.Duration // on average per request
	known             [2]bool
	Change            change // of the execution time
	Mark              string // what differs, in words
}

// Known reports whether a side has such spans.
func (k kindCompared) Known(side int) bool { return k.known[side] }

// compareKinds compares the kinds of spans in two versions' requests; the kind whose
// execution time differs most comes first. Without all it returns only the first kinds,
// and the number of kinds left out.
func compareKinds(anatomies [2]stats.Anatomy, s scale, all bool) (rows []kindCompared, unlisted int) {
	const few = 20
	type kind struct{ service, name, resource, spanType string }
	row := page.Index(func(kind) { rows = append(rows, kindCompared{Counts: [2]string{"–", "–"}}) })
	for side, anatomy := range anatomies {
		requests := max(1, anatomy.Requests)
		for _, spans := range anatomy.Spans {
			i := row(kind{spans.Service, spans.Name, spans.Resource, spans.Type})
			k := &rows[i]
			k.SpanSummary, k.known[side] = spans, true
			k.Counts[side] = format.Significant(float64(spans.Spans) / float64(requests))
			k.Exec[side] = spans.Exec / time.Duration(requests)
		}
	}
	slices.SortStableFunc(rows, func(x, y kindCompared) int {
		return cmp.Or(cmp.Compare((y.Exec[1]-y.Exec[0]).Abs(), (x.Exec[1]-x.Exec[0]).Abs()),
			cmp.Compare(max(y.Exec[0], y.Exec[1]), max(x.Exec[0], x.Exec[1])))
	})
	if !all && len(rows) > few {
		rows, unlisted = rows[:few], len(rows)-few
	}
	for i := range rows {
		rows[i].Change = s.change(rows[i].Exec)
		rows[i].Mark = rows[i].mark(anatomies)
	}
	return rows, unlisted
}

// mark returns what differs. A kind that is missing from a version with unlisted kinds may
// be one of those, so it has no mark.
func (k kindCompared) mark(anatomies [2]stats.Anatomy) string {
	for side, known := range k.known {
		if !known && anatomies[side].OtherSpans > 0 {
			return ""
		}
		if !known {
			return "only in " + letter(1-side)
		}
	}
	switch {
	case k.Change.Much && k.Change.More:
		return "slower"
	case k.Change.Much:
		return "faster"
	}
	return ""
}
