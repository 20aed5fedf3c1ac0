package page

import (
	"cmp"
	"slices"
	"strings"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
)

// A Service is a service's name, cut for a line, and its colour.
type Service struct{ Name, Colour string }

// A Breakdown is a bar that shows which service took how much of a trace's
// execution time.
type Breakdown struct {
	Parts []Part
	Text  string // the same in words
}

// A Part is a service's part of a breakdown.
type Part struct {
	Service  Service
	Exec     Amount
	Percent  string // of the whole, one decimal
	X, Width string // in percent of the bar
}

// Service returns a service as pages show it.
func (site *Site) Service(name string) Service {
	return Service{Short(name), site.Palette.Of(name).Hex()}
}

// OtherServices returns what stands for n more services.
func OtherServices(n int) Service {
	return Service{format.Count(n, "other service", "other services"), "currentcolor"}
}

// MaxParts is how many services have a part of their own in a breakdown.
const MaxParts = 20

// Breakdown returns the bar of a trace's execution time by service.
func (site *Site) Breakdown(times []apm.ServiceTime) Breakdown {
	times, others := largest(times, MaxParts)
	shares := make([]float64, len(times))
	for i, t := range times {
		shares[i] = t.Percent
	}
	var (
		b     Breakdown
		words []string
		x     float64
	)
	for i, percent := range Percentages(shares) {
		t := times[i]
		shown := site.Service(t.Service)
		if others > 0 && i == len(times)-1 {
			shown = OtherServices(others)
		}
		b.Parts = append(b.Parts, Part{
			Service: shown,
			Exec:    Duration(t.Exec),
			Percent: percent,
			X:       Coordinate(x),
			Width:   Coordinate(t.Percent),
		})
		words = append(words, shown.Name+" "+percent+" %")
		x += t.Percent
	}
	b.Text = "Exec time: " + strings.Join(words, ", ")
	return b
}

// largest returns the n largest times and the sum of the others, and counts those.
func largest(times []apm.ServiceTime, n int) (_ []apm.ServiceTime, others int) {
	if len(times) <= n {
		return times, 0
	}
	byExec := func(a, b apm.ServiceTime) int { return cmp.Compare(b.Exec, a.Exec) }
	times = slices.SortedStableFunc(slices.Values(times), byExec)
	others = len(times) - n
	var rest apm.ServiceTime
	for _, t := range times[n:] {
		rest.Exec += t.Exec
		rest.Percent += t.Percent
	}
	return append(times[:n:n], rest), others
}
