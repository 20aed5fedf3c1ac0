package web

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"thinker/shared/apm"
)

// A timeCompared is which services the execution time of A and of B was spent
// in: as two bars on one scale, and as figures.
type timeCompared struct {
	Bars [2]timeBar // of A and B
	Rows []timeRow
}

// A timeBar is one of the bars.
type timeBar struct {
	breakdown // in percent of the longer bar
	Letter    string
	Total     amount
}

// A timeRow is one service's time.
type timeRow struct {
	Service            service
	A, B               amount
	PercentA, PercentB string // of A, and of B
	Change             change
}

// A timePair is one service's execution time in A and in B.
type timePair struct {
	service string
	exec    [2]time.Duration
}

// timeCompared compares execution times by service. Where there are very many
// services, the smallest are taken together.
func (w *Web) timeCompared(a, b []apm.ServiceTime) timeCompared {
	pairs, others := largestPairs(timePairs(a, b))
	var totals [2]time.Duration
	for _, p := range pairs {
		for side := range totals {
			totals[side] = apm.Plus(totals[side], p.exec[side])
		}
	}
	whole := max(totals[0], totals[1])
	compared := timeCompared{Rows: make([]timeRow, len(pairs))}
	for i, p := range pairs {
		compared.Rows[i] = timeRow{
			Service: w.service(p.service),
			A:       orNothing(p.exec[0]),
			B:       orNothing(p.exec[1]),
			Change:  limits{whole / 100, whole}.change(p.exec[0], p.exec[1]),
		}
		if others > 0 && i == len(pairs)-1 {
			compared.Rows[i].Service = otherServices(others)
		}
	}
	for side, letter := range []string{"A", "B"} {
		bar := timeBar{Letter: letter, Total: orNothing(totals[side])}
		shares := make([]float64, len(pairs))
		for i, p := range pairs {
			shares[i] = percentOf(p.exec[side], totals[side])
		}
		x := 0.0
		var words []string
		for i, percent := range percentages(shares) {
			row, width := &compared.Rows[i], percentOf(pairs[i].exec[side], whole)
			if side == 0 {
				row.PercentA = percent
			} else {
				row.PercentB = percent
			}
			bar.Parts = append(bar.Parts, part{Service: row.Service, X: coordinate(x), Width: coordinate(width)})
			if width > 0 {
				words = append(words, fmt.Sprintf("%s %s", row.Service.Name, duration(pairs[i].exec[side])))
			}
			x += width
		}
		bar.Text = fmt.Sprintf("Exec time of %s: %s", letter, strings.Join(words, ", "))
		compared.Bars[side] = bar
	}
	return compared
}

// orNothing is a duration, or a 0 that needs no unit.
func orNothing(d time.Duration) amount {
	if d == 0 {
		return amount{Value: "0"}
	}
	return duration(d)
}

func percentOf(part, whole time.Duration) float64 {
	if whole <= 0 {
		return 0
	}
	return 100 * float64(part) / float64(whole)
}

// timePairs brings each service's times together, those first that took most.
func timePairs(a, b []apm.ServiceTime) (pairs []timePair) {
	places := map[string]int{}
	for side, times := range [][]apm.ServiceTime{a, b} {
		for _, t := range times {
			place, known := places[t.Service]
			if !known {
				place = len(pairs)
				places[t.Service] = place
				pairs = append(pairs, timePair{service: t.Service})
			}
			pairs[place].exec[side] = t.Exec
		}
	}
	slices.SortStableFunc(pairs, func(x, y timePair) int {
		return cmp.Compare(max(y.exec[0], y.exec[1]), max(x.exec[0], x.exec[1]))
	})
	return pairs
}

// largestPairs joins all but the first pairs into one, the last, and returns how
// many it joined.
func largestPairs(pairs []timePair) (_ []timePair, others int) {
	if len(pairs) <= maxParts {
		return pairs, 0
	}
	others = len(pairs) - maxParts
	var rest timePair
	for _, p := range pairs[maxParts:] {
		for side := range rest.exec {
			rest.exec[side] = apm.Plus(rest.exec[side], p.exec[side])
		}
	}
	return append(pairs[:maxParts:maxParts], rest), others
}
