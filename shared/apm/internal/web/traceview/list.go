package traceview

import (
	"cmp"
	"slices"
	"strings"
	"thinker/shared/apm"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/web/page"
	"time"
)

// A spanList sums up a trace's spans by service, then by resource.
type spanList struct {
	Headings []page.Heading
	Services []listedService
	Hidden   int // resources left out
	AllURL   string
}

type listedService struct {
	Service   page.Service
	Failed    int // spans
	Sum       listedSpans
	Resources []listedResource
}

type listedResource struct {
	Name, Resource string
	URL            string // chooses the longest of its spans
	Chosen         bool   // the chosen span is one of them
	Dimmed         bool   // none of its spans matches the reader's search
	Hit            bool   // one matches
	Failed         int    // spans
	Sum            listedSpans
}

// listedSpans are figures of spans as the list shows them.
type listedSpans struct {
	Spans     string
	Avg, Exec page.Amount
	Percent   string // of the trace's execution time
	Width     string // of its bar
}

// A spanSum is the same figures as numbers.
type spanSum struct {
	service, name, resource string
	spans, errors           int
	total, exec             float64 // nanoseconds
	longest                 *apm.Span
	chosen, found           bool
}

func (a *spanSum) add(s *scene, box int) {
	span := s.flame.Boxes[box].Node.Span
	a.spans++
	a.total += float64(span.Duration)
	a.exec += float64(s.exec[span.SpanID])
	if span.Error {
		a.errors++
	}
	if a.longest == nil || span.Duration > a.longest.Duration {
		a.longest = span
	}
	a.chosen = a.chosen || box == s.chosen
	a.found = a.found || !s.found.dimmed(box)
}

// maxListed is how many resources a span list shows by default.
const maxListed = 1000

func (w room) spanList(s *scene) *spanList {
	type key struct{ service, name, resource string }
	var (
		services  = map[string]*spanSum{}
		resources = map[key]*spanSum{}
		of        = map[string][]*spanSum{} // resources, by service
	)
	for i, box := range s.flame.Boxes {
		span := box.Node.Span
		if s.Get(byErrors) == "only" && s.found.dimmed(i) {
			continue
		}
		k := key{span.Service, span.Name, span.Resource}
		if resources[k] == nil {
			resources[k] = &spanSum{service: span.Service, name: span.Name, resource: span.Resource}
			of[span.Service] = append(of[span.Service], resources[k])
		}
		if services[span.Service] == nil {
			services[span.Service] = &spanSum{service: span.Service, resource: span.Service}
		}
		resources[k].add(s, i)
		services[span.Service].add(s, i)
	}

	order, headings := page.Order(spanColumns(), s.URL, bySort, "-exec")
	list := &spanList{Headings: headings, AllURL: s.With(byRows, "all")}
	shown := 0
	choose := s.Each(bySpan)
	for _, sum := range inOrder(services, order) {
		service := listedService{Service: w.Service(sum.service), Failed: sum.errors, Sum: s.figures(sum)}
		slices.SortStableFunc(of[sum.service], order)
		for _, r := range of[sum.service] {
			if shown++; shown > maxListed && s.Get(byRows) != "all" {
				list.Hidden++
				continue
			}
			service.Resources = append(service.Resources, listedResource{
				Name: page.Short(r.name), Resource: page.Short(r.resource), URL: choose(page.FormatID(r.longest.SpanID)),
				Chosen: r.chosen, Dimmed: !r.found, Hit: s.found.sought && r.found, Failed: r.errors, Sum: s.figures(r),
			})
		}
		list.Services = append(list.Services, service)
	}
	return list
}

// inOrder returns services in an order; equal ones are sorted by name.
func inOrder(services map[string]*spanSum, order func(a, b *spanSum) int) []*spanSum {
	var sums []*spanSum
	for _, sum := range services {
		sums = append(sums, sum)
	}
	slices.SortFunc(sums, func(a, b *spanSum) int { return cmp.Or(order(a, b), strings.Compare(a.service, b.service)) })
	return sums
}

func (s *scene) figures(sum *spanSum) listedSpans {
	exec := time.Duration(sum.exec)
	share := s.share(exec)
	return listedSpans{
		Spans: format.Number(sum.spans), Avg: page.Duration(time.Duration(sum.total / float64(sum.spans))), Exec: page.Duration(exec),
		Percent: page.Percentages([]float64{share})[0], Width: page.Coordinate(share),
	}
}

func spanColumns() []page.Column[*spanSum] {
	type row = *spanSum
	return []page.Column[row]{
		{Name: "resource", Title: "Resource", Text: true, Compare: func(a, b row) int {
			return cmp.Or(strings.Compare(a.resource, b.resource), strings.Compare(a.name, b.name))
		}},
		{Name: "spans", Title: "Spans", Compare: page.By(func(s row) int { return s.spans })},
		{Name: "avg", Title: "Avg duration", Compare: page.By(func(s row) float64 { return s.total / float64(s.spans) })},
		{Name: "exec", Title: "Exec time", Compare: page.By(func(s row) float64 { return s.exec })},
		{Name: "percent", Title: "% exec time", Means: "Share of the trace’s execution time", Compare: page.By(func(s row) float64 { return s.exec })},
	}
}
