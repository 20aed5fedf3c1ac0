// Package comparison compares two traces, and two versions of a service or a resource.
package comparison

import (
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
)

//go:embed templates
var templates embed.FS

// pages serves comparisons of what a site stores.
type pages struct{ *page.Site }

// Routes returns the pages that compare.
func Routes(site *page.Site) []page.Route {
	p := pages{site.With(templates, "templates/*.html", template.FuncMap{"brief": brief})}
	return []page.Route{
		{Pattern: "GET /compare", Serve: p.showVersions},
		{Pattern: "GET /compare/traces", Serve: p.showTraces},
	}
}

// letter returns the name of a side, A or B.
func letter(side int) string { return "AB"[side : side+1] }

// A change is the difference between a time of A and a time of B.
type change struct {
	page.Amount        // with its sign
	More, Much  bool   // B's is longer; the difference is more than what counts as equal
	X, Width    string // of its bar, in percent
}

// A scale measures differences of times.
type scale struct {
	equal time.Duration // the largest difference that counts as equal
	whole time.Duration // the difference whose bar reaches from the middle to the end
}

// change returns the difference between the times of A and B.
func (s scale) change(times [2]time.Duration) change {
	const middle = 50
	difference := times[1] - times[0]
	c := change{Amount: brief(difference), More: difference > 0, Much: difference.Abs() > s.equal}
	x, width := float64(middle), min(middle, percentOf(difference.Abs(), s.whole)/2)
	if c.More {
		c.Value = "+" + c.Value
	} else {
		x -= width
	}
	c.X, c.Width = page.Coordinate(x), page.Coordinate(width)
	return c
}

// brief formats a duration; 0 has no unit.
func brief(d time.Duration) page.Amount {
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

// timesAs formats how much a time changed: 42 × faster, +10 %. It returns an empty text
// for small changes.
func timesAs(a, b time.Duration) string {
	const small = 0.05
	before, now := float64(a), float64(b)
	switch {
	case before <= 0 || now <= 0 || max(before, now)/min(before, now) < 1+small:
		return ""
	case before >= 2*now:
		return format.Significant(before/now) + " × faster"
	case now >= 2*before:
		return format.Significant(now/before) + " × slower"
	default:
		change := 100 * (now - before) / before
		return withSign(change, format.Significant(max(change, -change))) + " %"
	}
}

// withSign puts the sign of a number before its text; 0 has none.
func withSign[N int | float64](n N, text string) string {
	switch {
	case n < 0:
		return "−" + text
	case n > 0:
		return "+" + text
	}
	return text
}

// queryFor returns a query for spans with a service, an operation and a resource. A query for
// an empty value would find nothing.
func queryFor(service, operation, resource string) (q query.Query) {
	for _, field := range [][2]string{
		{"service", service}, {"operation_name", operation}, {"resource_name", resource},
	} {
		if field[1] != "" {
			q = page.And(q, field[0], field[1])
		}
	}
	return q
}

// A timeCompared shows in which services A and B spent their execution time: as two bars
// on one scale, and as a table.
type timeCompared struct {
	Bars [2]timeBar
	Rows []timeRow
}

// A timeBar is the bar of A or of B.
type timeBar struct {
	page.Breakdown // in percent of the longer bar
	Letter         string
	Total          time.Duration
}

// A timeRow is the execution time of a service.
type timeRow struct {
	Service page.Service
	Exec    [2]time.Duration // of A and B
	Percent [2]string        // of all services
	Change  change
}

// compareTimes compares execution times by service; the service with the longest time
// comes first. The smallest of very many services share the last row.
func compareTimes(site *page.Site, times [2][]apm.ServiceTime) timeCompared {
	var compared timeCompared
	row := page.Index(func(name string) {
		compared.Rows = append(compared.Rows, timeRow{Service: site.Service(name)})
	})
	for side, times := range times {
		for _, t := range times {
			i := row(t.Service)
			compared.Rows[i].Exec[side] = t.Exec
		}
	}
	slices.SortStableFunc(compared.Rows, func(x, y timeRow) int {
		return cmp.Compare(max(y.Exec[0], y.Exec[1]), max(x.Exec[0], x.Exec[1]))
	})
	if n := len(compared.Rows); n > page.MaxParts {
		rest := timeRow{Service: page.OtherServices(n - page.MaxParts)}
		for _, other := range compared.Rows[page.MaxParts:] {
			for side, exec := range other.Exec {
				rest.Exec[side] = apm.Plus(rest.Exec[side], exec)
			}
		}
		compared.Rows = append(compared.Rows[:page.MaxParts], rest)
	}
	for side := range compared.Bars {
		bar := &compared.Bars[side]
		bar.Letter = letter(side)
		for _, row := range compared.Rows {
			bar.Total = apm.Plus(bar.Total, row.Exec[side])
		}
	}
	whole := max(compared.Bars[0].Total, compared.Bars[1].Total)
	for side := range compared.Bars {
		compared.draw(side, whole)
	}
	for i := range compared.Rows {
		row := &compared.Rows[i]
		row.Change = scale{whole / 100, whole}.change(row.Exec)
	}
	return compared
}

// draw fills in a side's bar and percentages.
func (c *timeCompared) draw(side int, whole time.Duration) {
	bar, x := &c.Bars[side], 0.0
	var (
		shares []float64
		words  []string
	)
	for _, row := range c.Rows {
		exec := row.Exec[side]
		shares = append(shares, percentOf(exec, bar.Total))
		width := percentOf(exec, whole)
		bar.Parts = append(bar.Parts, page.Part{
			Service: row.Service, X: page.Coordinate(x), Width: page.Coordinate(width),
		})
		if width > 0 {
			words = append(words, row.Service.Name+" "+format.Duration(exec))
		}
		x += width
	}
	for i, percent := range page.Percentages(shares) {
		c.Rows[i].Percent[side] = percent
	}
	bar.Text = fmt.Sprintf("Exec time of %s: %s", bar.Letter, strings.Join(words, ", "))
}
