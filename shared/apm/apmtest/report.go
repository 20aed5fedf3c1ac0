package apmtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
	"thinker/shared/apm/query"
)

// maxTraces limits the traces that are reported in full, the closest first.
const maxTraces = 100

// report describes what arrived instead of the required trace: the closest traces
// first, with the conditions that they don't meet, then the others.
func report(traces []apm.Trace, conditions []Condition, timeout time.Duration, refused map[string]int) string {
	var out strings.Builder
	waited := format.Duration(timeout)
	if len(traces) == 0 {
		fmt.Fprintf(&out,
			"no trace arrived within %s. Start the tracer after apmtest.Run, then stop it or flush its spans\n", waited)
	} else {
		fmt.Fprintf(&out, "no trace meets every condition within %s; %s:\n", waited,
			format.Count(len(traces), "trace arrived", "traces arrived"))
	}
	for _, reason := range slices.Sorted(maps.Keys(refused)) {
		fmt.Fprintf(&out, "the agent refused %s: %s\n",
			format.Count(refused[reason], "payload or span", "payloads or spans"), reason)
	}

	candidates := rank(traces, conditions)
	for i, c := range candidates {
		if i == maxTraces {
			fmt.Fprintf(&out, "\n… and %s, none of them closer\n",
				format.Count(len(candidates)-i, "more trace", "more traces"))
			break
		}
		fmt.Fprintf(&out, "\ntrace %d\n", c.trace.ID)
		if len(c.failures) == len(candidates[0].failures) {
			for _, failure := range c.failures {
				fmt.Fprintf(&out, "  ✗ %s\n", failure)
			}
		}
		_ = format.WriteTrace(&out, c.trace, "    ", tagsToShow(c.trace, conditions)...) // a Builder never fails
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// A candidate is a trace with the conditions it doesn't meet, and why.
type candidate struct {
	trace    apm.Trace
	failures []string
}

// rank sorts the traces: those with the fewest unmet conditions come first.
func rank(traces []apm.Trace, conditions []Condition) []candidate {
	var candidates []candidate
	for _, trace := range traces {
		c := candidate{trace: trace}
		for _, condition := range conditions {
			if why := condition.unmet(trace); why != "" {
				c.failures = append(c.failures, condition.name+": "+why)
			}
		}
		candidates = append(candidates, c)
	}
	slices.SortStableFunc(candidates, func(a, b candidate) int { return len(a.failures) - len(b.failures) })
	return candidates
}

// tagsToShow returns the tags to show: the status, the ones in the conditions, and the ones
// that the program itself has set.
func tagsToShow(trace apm.Trace, conditions []Condition) []string {
	tags := []string{"http.status_code"}
	add := func(names ...string) {
		for _, name := range names {
			if !slices.Contains(tags, name) {
				tags = append(tags, name)
			}
		}
	}
	for _, condition := range conditions {
		for _, q := range condition.queries {
			add(queriedTags(q.Expr)...)
		}
	}
	add(trace.OwnTags()...)
	return tags
}

// queriedTags returns the tags in a query.
func queriedTags(expr query.Expr) (tags []string) {
	switch e := expr.(type) {
	case query.And:
		for _, part := range e {
			tags = append(tags, queriedTags(part)...)
		}
	case query.Or:
		for _, part := range e {
			tags = append(tags, queriedTags(part)...)
		}
	case query.Not:
		return queriedTags(e.Expr)
	case query.Term:
		if e.Field.Tag || e.Field.Name == "env" || e.Field.Name == "version" {
			return []string{e.Field.Name}
		}
	}
	return tags
}
