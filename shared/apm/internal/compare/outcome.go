package compare

import (
	"cmp"
	"slices"
	"time"

	"thinker/shared/apm"
)

// An Outcome sums up how trace B differs from trace A.
type Outcome struct {
	Added, Gone           int // spans that are in B alone, and in A alone
	NewErrors, GoneErrors int // of all spans, those without a counterpart among them
	Work                  []Work
}

// Work is the execution time of all spans of one kind in two traces.
type Work struct {
	Span         *apm.Span // one of them
	ExecA, ExecB time.Duration
}

// Sum sums places up. Work is by service, operation and resource, and begins
// with where most time was won or lost.
func Sum(places []Place) (o Outcome) {
	seen := map[identity]int{}
	for i := range places {
		p := &places[i]
		if p.Added() {
			o.Added++
		}
		if p.Gone() {
			o.Gone++
		}
		if a, b := p.Errors(); b && !a {
			o.NewErrors++
		} else if a && !b {
			o.GoneErrors++
		}
		id := identityOf(p.Span())
		at, ok := seen[id]
		if !ok {
			at = len(o.Work)
			seen[id] = at
			o.Work = append(o.Work, Work{Span: p.Span()})
		}
		o.Work[at].ExecA = apm.Plus(o.Work[at].ExecA, p.ExecA)
		o.Work[at].ExecB = apm.Plus(o.Work[at].ExecB, p.ExecB)
	}
	slices.SortStableFunc(o.Work, func(x, y Work) int { return cmp.Compare(y.distance(), x.distance()) })
	return o
}

// distance is the time won or lost.
func (w Work) distance() time.Duration { return max(w.ExecA-w.ExecB, w.ExecB-w.ExecA) }
