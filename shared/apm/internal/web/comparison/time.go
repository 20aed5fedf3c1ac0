package comparison

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"thinker/shared/apm"
	"thinker/shared/apm/internal/web/page"
	"time"
)

// A change is the difference between a time of A and a time of B.
type change struct {
	page.Amount      // with its sign
	More, Much  bool // B's is longer; the difference is more than what counts as equal
	X, Width    string
}

// A scale measures differences of times.
type scale struct {
	equal time.Duration // the largest difference that counts as equal
	whole time.Duration // the difference whose bar reaches from the middle to the end
}

// change returns the difference between two times, with its bar in percent of the width.
func (s scale) change(a, b time.Duration) change {
	const middle = 50
	difference := b - a
	c := change{Amount: orNothing(difference), More: difference > 0, Much: difference.Abs() > s.equal}
	if c.More {
		c.Value = "+" + c.Value
	}
	width := min(middle, percentOf(difference.Abs(), s.whole)/2)
	x := float64(middle)
	if !c.More {
		x -= width
	}
	c.X, c.Width = page.Coordinate(x), page.Coordinate(width)
	return c
}

// orNothing formats a duration; 0 has no unit.
func orNothing(d time.Duration) page.Amount {
	if d == 0 {
		return page.Amount{Value: "0"}
	}
	return page.Duration(d)
}

func percentOf(part, whole time.Duration) float64 {
	if whole <= 0 {
		return 0
	}
	return 100 * float64(part) / float64(whole)
}

// A timeCompared shows in which services A and B spent their execution time: as two bars
// on one scale, and as a table.
type timeCompared struct {
	Bars [2]timeBar // of A and B
	Rows []timeRow
}

// A timeBar is the bar of A or of B.
type timeBar struct {
	page.Breakdown // in percent of the longer bar
	Letter         string
	Total          page.Amount
}

// A timeRow is the execution time of a service.
type timeRow struct {
	Service page.Service
	Sides   [2]timeShare // of A and B
	Change  change
}

type timeShare struct {
	Exec    page.Amount
	Percent string // of all services
}

// A timePair is the execution time of a service in A and in B.
type timePair struct {
	service string
	exec    [2]time.Duration
}

func (p *timePair) add(side int, exec time.Duration) { p.exec[side] = apm.Plus(p.exec[side], exec) }

// timeCompared compares execution times by service. The smallest of very many services
// share the last row.
func (w room) timeCompared(a, b []apm.ServiceTime) timeCompared {
	pairs, others := timePairs(a, b)
	var totals timePair
	for _, p := range pairs {
		totals.add(0, p.exec[0])
		totals.add(1, p.exec[1])
	}
	whole := max(totals.exec[0], totals.exec[1])
	compared := timeCompared{Rows: make([]timeRow, len(pairs))}
	for i, p := range pairs {
		shown := w.Service(p.service)
		if others > 0 && i == len(pairs)-1 {
			shown = page.OtherServices(others)
		}
		compared.Rows[i] = timeRow{Service: shown, Change: scale{whole / 100, whole}.change(p.exec[0], p.exec[1])}
	}
	for side, letter := range []string{"A", "B"} {
		bar := timeBar{Letter: letter, Total: orNothing(totals.exec[side])}
		shares := make([]float64, len(pairs))
		for i, p := range pairs {
			shares[i] = percentOf(p.exec[side], totals.exec[side])
		}
		x := 0.0
		var words []string
		for i, percent := range page.Percentages(shares) {
			row, exec := &compared.Rows[i], pairs[i].exec[side]
			row.Sides[side] = timeShare{orNothing(exec), percent}
			width := percentOf(exec, whole)
			bar.Parts = append(bar.Parts, page.Part{Service: row.Service, X: page.Coordinate(x), Width: page.Coordinate(width)})
			if width > 0 {
				words = append(words, fmt.Sprintf("%s %s", row.Service.Name, page.Duration(exec)))
			}
			x += width
		}
		bar.Text = fmt.Sprintf("Exec time of %s: %s", letter, strings.Join(words, ", "))
		compared.Bars[side] = bar
	}
	return compared
}

// timePairs brings the times of each service together; the service with the longest time
// comes first. If there are very many, the last pair stands for that many others.
func timePairs(a, b []apm.ServiceTime) (pairs []timePair, others int) {
	indexes := map[string]int{}
	for side, times := range [][]apm.ServiceTime{a, b} {
		for _, t := range times {
			i, known := indexes[t.Service]
			if !known {
				i = len(pairs)
				indexes[t.Service] = i
				pairs = append(pairs, timePair{service: t.Service})
			}
			pairs[i].add(side, t.Exec)
		}
	}
	slices.SortStableFunc(pairs, func(x, y timePair) int {
		return cmp.Compare(max(y.exec[0], y.exec[1]), max(x.exec[0], x.exec[1]))
	})
	if len(pairs) <= page.MaxParts {
		return pairs, 0
	}
	var rest timePair
	for _, p := range pairs[page.MaxParts:] {
		rest.add(0, p.exec[0])
		rest.add(1, p.exec[1])
	}
	return append(pairs[:page.MaxParts:page.MaxParts], rest), len(pairs) - page.MaxParts
}
