package traceview

import (
	"cmp"
	"slices"
	"time"

	"thinker/shared/apm/internal/web/page"
)

// maxListed is how many resources a span list shows by default.
const maxListed = 1000

// A spanList sums up a trace's spans by service, then by resource.
type spanList struct {
	Headings []page.Heading
	Services []*spanGroup
	Hidden   int // resources left out
	AllURL   string
}

// A spanGroup is the spans of a service or of a resource.
type spanGroup struct {
	Longest        spanView
	Service        string
	Resource, Name string // empty for a service
	Count, Failed  int    // spans
	total, exec    float64
	Chosen         bool         // one of its spans is the selected one
	Dimmed         bool         // none matches the reader's search
	Hits           int          // spans that match
	Resources      []*spanGroup // of a service
}

func newSpanList(s *scene) *spanList {
	type key struct {
		service, name, resource string
		isService               bool
	}
	list := &spanList{AllURL: s.With("rows", "all")}
	groups := map[key]*spanGroup{}
	add := func(span spanView, k key, siblings *[]*spanGroup) *spanGroup {
		g := groups[k]
		if g == nil {
			g = &spanGroup{Longest: span, Service: k.service, Resource: k.resource, Name: k.name, Dimmed: true}
			groups[k], *siblings = g, append(*siblings, g)
		}
		g.add(span)
		return g
	}
	for i := range s.flame.Boxes {
		if span := s.span(i); !s.OnlyErrors || !span.Dimmed() {
			service := add(span, key{service: span.Service, isService: true}, &list.Services)
			add(span, key{service: span.Service, name: span.Name, resource: span.Resource}, &service.Resources)
		}
	}

	order, headings := page.Order(spanColumns(), s.URL, "sort", "-exec")
	list.Headings = headings
	slices.SortFunc(list.Services, func(a, b *spanGroup) int {
		return cmp.Or(order(a, b), cmp.Compare(a.Service, b.Service))
	})
	room := maxListed
	for _, service := range list.Services {
		slices.SortStableFunc(service.Resources, order)
		if n := len(service.Resources); n > room && !s.allRows {
			list.Hidden += n - room
			service.Resources = service.Resources[:room]
		}
		room -= len(service.Resources)
	}
	return list
}

func (g *spanGroup) add(span spanView) {
	g.Count++
	g.total += float64(span.Duration)
	g.exec += float64(span.Exec())
	if span.Error {
		g.Failed++
	}
	if span.Duration > g.Longest.Duration {
		g.Longest = span
	}
	g.Chosen = g.Chosen || span.Chosen()
	g.Hits += span.Hits()
	g.Dimmed = g.Dimmed && span.Dimmed()
}

// Average returns the average duration of the spans.
func (g *spanGroup) Average() time.Duration { return time.Duration(g.total / float64(g.Count)) }

// Exec returns the execution time of the spans.
func (g *spanGroup) Exec() time.Duration { return time.Duration(g.exec) }

// Share returns the spans' part of the trace's execution time in percent.
func (g *spanGroup) Share() float64 { return g.Longest.scene.share(g.Exec()) }

// Percent formats the spans' part of the trace's execution time.
func (g *spanGroup) Percent() string { return page.Percentages([]float64{g.Share()})[0] }

func spanColumns() []page.Column[*spanGroup] {
	type row = *spanGroup
	exec := func(g row) float64 { return g.exec }
	return []page.Column[row]{
		{Name: "resource", Title: "Resource", Text: true, Compare: func(a, b row) int {
			return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Name, b.Name))
		}},
		page.NewColumn("spans", "Spans", "", func(g row) int { return g.Count }),
		page.NewColumn("avg", "Avg duration", "", func(g row) float64 { return g.total / float64(g.Count) }),
		page.NewColumn("exec", "Exec time", "", exec),
		page.NewColumn("percent", "% exec time", "Share of the trace’s execution time", exec),
	}
}
