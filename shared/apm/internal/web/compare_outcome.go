package web

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/compare"
	"thinker/shared/apm/internal/web/chart"
)

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

// tolerance is the largest difference of times that count as equal: no two spans take
// exactly as long.
func tolerance(a, b apm.Trace) time.Duration { return max(a.Duration(), b.Duration()) / 100 }

func outcomeOf(a, b apm.Trace, sum compare.Outcome) outcome {
	o := outcome{Took: tookText(a.Duration(), b.Duration())}
	if sum.Gone == len(a.Spans) && sum.Added == len(b.Spans) { // so no work took another time
		o.Spans = "A and B share no span."
		return o
	}
	if len(sum.Work) > 0 {
		most := sum.Work[0]
		change := "fell"
		if most.ExecB > most.ExecA {
			change = "rose"
		}
		if max(most.ExecA-most.ExecB, most.ExecB-most.ExecA) > tolerance(a, b) {
			o.Cause = &cause{short(what(most.Span)), short(most.Span.Service), change, chart.Duration(float64(most.ExecA)), chart.Duration(float64(most.ExecB))}
		}
	}
	parts := slices.Concat(inOneAlone(sum.Gone, sum.Added, "span", "spans"), inOneAlone(sum.GoneErrors, sum.NewErrors, "error", "errors"))
	if len(parts) == 0 {
		o.Spans = "A and B have the same spans."
		return o
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
	if times := timesAs(float64(a), float64(b)); times != "" {
		text += " (" + times + ")"
	}
	return text
}

// timesAs formats how much a time changed; it is empty for small changes.
func timesAs(before, now float64) string {
	const little = 0.05
	switch {
	case before <= 0 || now <= 0 || max(before, now)/min(before, now) < 1+little:
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

// inOneAlone counts what only A and only B has.
func inOneAlone(a, b int, one, several string) (parts []string) {
	be := func(n int) string {
		if n == 1 {
			return "is"
		}
		return "are"
	}
	if a > 0 {
		parts = append(parts, fmt.Sprintf("%s %s only in A", format.Count(a, one, several), be(a)))
	}
	if b > 0 {
		parts = append(parts, fmt.Sprintf("%s %s only in B", format.Count(b, one, several), be(b)))
	}
	return parts
}

// what returns a span's resource or, if it has none, its operation.
func what(s *apm.Span) string {
	if s.Resource == "" {
		return s.Name
	}
	return s.Resource
}
