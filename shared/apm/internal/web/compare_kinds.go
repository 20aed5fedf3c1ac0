package web

import (
	"cmp"
	"slices"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/stats"
)

// A kindCompared is the spans of one kind that the requests of two versions are
// made of. All of it is for one request, on average.
type kindCompared struct {
	Service      service
	Name         string
	Resource     string
	CountA       string // spans
	CountB       string
	ExecA, ExecB amount
	Change       change // of the execution time
	Mark         string

	inA, inB bool
	a, b     time.Duration
}

// kindsCompared compares the kinds of spans that two versions' requests are made
// of; those come first whose execution time differs most. Unless all are asked
// for it gives few, and says how many there are besides.
func (w *Web) kindsCompared(a, b stats.Anatomy, all bool) (rows []kindCompared, unlisted int) {
	type kind struct{ service, name, resource, spanType string }
	places := map[kind]int{}
	for side, anatomy := range []stats.Anatomy{a, b} {
		requests := max(1, anatomy.Requests)
		for _, s := range anatomy.Spans {
			k := kind{s.Service, s.Name, s.Resource, s.Type}
			at, known := places[k]
			if !known {
				at = len(rows)
				places[k] = at
				rows = append(rows, kindCompared{Service: w.service(s.Service), Name: short(s.Name), Resource: short(s.Resource), CountA: "–", CountB: "–"})
			}
			row, exec, count := &rows[at], s.Exec/time.Duration(requests), format.Significant(float64(s.Spans)/float64(requests))
			if side == 0 {
				row.inA, row.a, row.CountA = true, exec, count
			} else {
				row.inB, row.b, row.CountB = true, exec, count
			}
		}
	}
	slices.SortStableFunc(rows, func(x, y kindCompared) int {
		return cmp.Or(cmp.Compare(max(y.a-y.b, y.b-y.a), max(x.a-x.b, x.b-x.a)), cmp.Compare(max(y.a, y.b), max(x.a, x.b)))
	})
	if !all && len(rows) > fewSpans {
		unlisted = len(rows) - fewSpans
		rows = rows[:fewSpans]
	}
	whole := max(execPerRequest(a), execPerRequest(b))
	l := limits{equal: whole / 100, whole: whole}
	for i := range rows {
		row := &rows[i]
		row.ExecA, row.ExecB, row.Change = amount{Value: "–"}, amount{Value: "–"}, l.change(row.a, row.b)
		if row.inA {
			row.ExecA = orNothing(row.a)
		}
		if row.inB {
			row.ExecB = orNothing(row.b)
		}
		row.Mark = row.mark(a.OtherSpans > 0, b.OtherSpans > 0)
	}
	return rows, unlisted
}

// mark says in a word what differs. Whether a kind is in one version alone cannot
// be told where some of the other's are not known.
func (k *kindCompared) mark(moreInA, moreInB bool) string {
	switch {
	case !k.inB && !moreInB:
		return "only in A"
	case !k.inA && !moreInA:
		return "only in B"
	case k.inA && k.inB && k.Change.Much && k.Change.More:
		return "slower"
	case k.inA && k.inB && k.Change.Much:
		return "faster"
	}
	return ""
}

func execPerRequest(a stats.Anatomy) (whole time.Duration) {
	for _, service := range perRequestOf(a) {
		whole = apm.Plus(whole, service.Exec)
	}
	return whole
}
