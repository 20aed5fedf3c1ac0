package web

import (
	"cmp"
	"slices"
	"strings"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
)

// A service is shown with its colour.
type service struct{ Name, Colour string }

// A breakdown is a bar that shows which service took how much of a trace's
// execution time.
type breakdown struct {
	Parts []part
	Text  string // the same in words
}

type part struct {
	Service  service
	Exec     amount
	Percent  string // of the whole, one decimal
	X, Width string // in percent of the bar
}

func (site *Site) service(name string) service {
	return service{short(name), site.Palette.Of(name).Hex()}
}

// otherServices stands for so many that are not told apart.
func otherServices(n int) service {
	return service{format.Count(n, "other service", "other services"), "currentcolor"}
}

// maxParts is how many services a breakdown tells apart.
const maxParts = 20

func (site *Site) breakdown(times []apm.ServiceTime) breakdown {
	times, others := largest(times, maxParts)
	shares := make([]float64, len(times))
	for i, t := range times {
		shares[i] = t.Percent
	}
	var (
		b     breakdown
		words []string
		x     float64
	)
	for i, percent := range percentages(shares) {
		t := times[i]
		shown := site.service(t.Service)
		if others > 0 && i == len(times)-1 {
			shown = otherServices(others)
		}
		b.Parts = append(b.Parts, part{
			Service: shown,
			Exec:    duration(t.Exec),
			Percent: percent,
			X:       coordinate(x),
			Width:   coordinate(t.Percent),
		})
		words = append(words, shown.Name+" "+percent+" %")
		x += t.Percent
	}
	b.Text = "Exec time: " + strings.Join(words, ", ")
	return b
}

// largest joins all but the n largest of some times into one, the last, and
// returns how many it joined.
func largest(times []apm.ServiceTime, n int) (_ []apm.ServiceTime, others int) {
	if len(times) <= n {
		return times, 0
	}
	times = slices.SortedStableFunc(slices.Values(times), func(a, b apm.ServiceTime) int { return cmp.Compare(b.Exec, a.Exec) })
	others = len(times) - n
	var rest apm.ServiceTime
	for _, t := range times[n:] {
		rest.Exec += t.Exec
		rest.Percent += t.Percent
	}
	return append(times[:n:n], rest), others
}
