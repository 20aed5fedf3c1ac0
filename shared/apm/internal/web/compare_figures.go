package web

import (
	"fmt"
	"math"
	"strings"
	"time"

	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/chart"
)

// A figureCompared is a figure of two versions.
type figureCompared struct {
	Name, Means string
	A, B        amount
	Difference  amount // with its sign
	Times       string // as in 42 × faster; empty where there is little to say
	TooFew      bool   // requests, to say how many times
	FailedA     bool   // it is of errors, and there are some
	FailedB     bool
}

// figuresCompared returns the rows of the page's table.
func figuresCompared(a, b stats.Group) []figureCompared {
	count := func(name string, a, b int) figureCompared {
		return figureCompared{Name: name, A: amount{Value: format.Number(a)}, B: amount{Value: format.Number(b)}, Difference: signedCount(b - a)}
	}
	rates := figureCompared{
		Name: "Requests per second", Means: "Between the first request and the last",
		A: rate(perSecondSeen(a)), B: rate(perSecondSeen(b)), Difference: signed(perSecondSeen(b)-perSecondSeen(a), "req/s"),
	}
	if none := (amount{Value: "–"}); min(a.Requests, b.Requests) < fewRequests {
		rates.A, rates.B, rates.Difference = none, none, none
	}
	errorRate := figureCompared{
		Name: "Error rate", A: percent(a.ErrorRate()), B: percent(b.ErrorRate()), FailedA: a.Errors > 0, FailedB: b.Errors > 0,
		Difference: signed(100*(b.ErrorRate()-a.ErrorRate()), "% points"),
	}
	errors := count("Errors", a.Errors, b.Errors)
	errors.FailedA, errors.FailedB = errorRate.FailedA, errorRate.FailedB
	rows := []figureCompared{count("Requests", a.Requests, b.Requests), rates, errors, errorRate}
	for _, l := range chart.Latencies() {
		was, is := l.Of(a.Figures), l.Of(b.Figures)
		row := figureCompared{Name: l.Title, Means: l.Means, A: duration(was), B: duration(is), Difference: limits{}.change(was, is).amount}
		row.Times = timesAs(float64(was), float64(is))
		if row.Times != "" && !tells(l.Percent, a.Figures, b.Figures) {
			row.Times, row.TooFew = "", true
		}
		rows = append(rows, row)
	}
	return rows
}

// tells reports whether a percentile of two versions is worth a ratio: only if several
// requests of both are slower.
func tells(percent int, a, b stats.Figures) bool {
	const slower = 5
	requests := min(a.Requests, b.Requests)
	return requests >= fewRequests && requests*(100-percent) >= 100*slower
}

// perSecondSeen returns the rate of a group's requests between the first and the last. A
// time of less than a second counts as one.
func perSecondSeen(g stats.Group) float64 {
	seconds := float64(uint64(g.Last)-uint64(g.First)) / 1e9
	return float64(g.Requests) / max(1, seconds)
}

// accuracy is the relative error of a percentile.
const accuracy = 0.01

// signed formats a difference with its sign.
func signed(x float64, unit string) amount {
	switch text := format.Significant(max(x, -x)); {
	case text == "0":
		return amount{Value: "0"}
	case x < 0:
		return amount{"−" + text, unit}
	default:
		return amount{"+" + text, unit}
	}
}

func signedCount(n int) amount {
	switch {
	case n < 0:
		return amount{Value: "−" + format.Number(-n)}
	case n > 0:
		return amount{Value: "+" + format.Number(n)}
	}
	return amount{Value: "0"}
}

// versionsOutcome sums up in a line how B's requests differ from A's.
func versionsOutcome(a, b stats.Figures) string {
	latency := func(name string, percent int, before, now time.Duration) string {
		was, is := format.Duration(before), format.Duration(now)
		if was == is || math.Abs(float64(now-before)) <= accuracy*float64(before) {
			return fmt.Sprintf("%s unchanged (%s)", name, is)
		}
		text := fmt.Sprintf("%s %s → %s", name, was, is)
		if times := timesAs(float64(before), float64(now)); times != "" && tells(percent, a, b) {
			text += " (" + times + ")"
		}
		return text
	}
	text := strings.Join([]string{latency("p50", 50, a.P50, b.P50), latency("p95", 95, a.P95, b.P95), latency("avg", 50, a.Average(), b.Average())}, ", ")
	switch before, now := percent(a.ErrorRate()), percent(b.ErrorRate()); {
	case a.Errors+b.Errors == 0:
		return text + ", no errors"
	case before == now:
		return text + fmt.Sprintf(", error rate unchanged (%s)", now)
	default:
		return text + fmt.Sprintf(", error rate %s → %s", before, now)
	}
}
