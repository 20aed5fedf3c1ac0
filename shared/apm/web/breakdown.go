package web

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"thinker/shared/apm"
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

func (w *Web) service(name string) service {
	return service{short(name), w.Palette.Of(name).Hex()}
}

// maxParts is how many services a breakdown tells apart.
const maxParts = 20

func (w *Web) breakdown(times []apm.ServiceTime) breakdown {
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
		service := service{t.Service, "currentcolor"}
		if i < len(times)-1 || others == 0 {
			service = w.service(t.Service)
		}
		b.Parts = append(b.Parts, part{
			Service: service,
			Exec:    duration(t.Exec),
			Percent: percent,
			X:       coordinate(x),
			Width:   coordinate(t.Percent),
		})
		words = append(words, short(t.Service)+" "+percent+" %")
		x += t.Percent
	}
	b.Text = strings.Join(words, ", ")
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
	rest := apm.ServiceTime{Service: fmt.Sprintf("%d others", others)}
	for _, t := range times[n:] {
		rest.Exec += t.Exec
		rest.Percent += t.Percent
	}
	return append(times[:n:n], rest), others
}
