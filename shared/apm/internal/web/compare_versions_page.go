package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/chart"
	"thinker/shared/apm/query"
)

// fewRequests is how many requests a version needs for its percentiles to mean much.
const fewRequests = 20

// compareVersionsPage compares two versions of a service or a resource.
type compareVersionsPage struct {
	frame
	Service   service
	Resource  string // empty for all that the service is asked for
	Operation string // empty for any
	A, B      versionSide
	Versions  []deployment // there are, the latest first

	Outcome   string
	Few       string // why the figures tell little, in a sentence; empty where they tell much
	Figures   []figureCompared
	Latencies *chart.Comparison
	Time      timeCompared
	Spans     []kindCompared
	Unlisted  int    // kinds of spans that are left out
	Sample    string // which requests the spans are of, in a sentence
}

// A versionSide is one of the two.
type versionSide struct {
	Letter    string
	Version   string         // empty where none is chosen and there is none to choose
	Choices   []chart.Choice // other versions to take for it
	First     *moment
	Requests  int
	TracesURL string

	group     stats.Group
	anatomy   stats.Anatomy
	selection query.Selection
}

// showCompareVersions serves GET /compare?service=&resource=&operation=&a=VERSION&b=VERSION.
func (w *Web) showCompareVersions(rw http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	page := compareVersionsPage{frame: w.frame(r, "services", "Compare versions", docs{
		"Deployment Tracking", "https://docs.datadoghq.com/tracing/services/deployment_tracking/", "commits and faulty deployments",
	})}
	name, resource, operation := page.Place.Get("service"), page.Place.Get("resource"), page.Place.Get("operation")
	if name == "" {
		return failure{http.StatusBadRequest, "The address names no service. Open a service’s page: each version under Deployments has a link to compare it with the previous version."}
	}
	page.Service, page.Resource, page.Operation = w.service(name), short(resource), short(operation)
	q := alikeTo(&apm.Span{Service: name, Name: operation, Resource: resource})
	win, err := readWindow(r)
	if err != nil {
		return err
	}
	ever := window{Env: win.Env}.selection(q, query.ServiceEntrySpans)
	if page.Versions, err = w.deploymentsOf(ctx, ever, name); err != nil {
		return err
	}
	page.choose()
	if win, err = w.settleBoth(ctx, win, q, page.A.Version, page.B.Version); err != nil {
		return err
	}
	if page.Menus, err = w.menus(ctx, page.Place, win); err != nil {
		return err
	}
	if !page.Both() {
		return w.render(rw, http.StatusOK, "compare_versions.html", page)
	}
	page.Title = fmt.Sprintf("%s and %s · Compare versions", short(page.A.Version), short(page.B.Version))
	for _, side := range []*versionSide{&page.A, &page.B} {
		if err := w.measureVersion(ctx, page.frame, win, q, side); err != nil {
			return err
		}
	}
	if page.A.Requests > 0 && page.B.Requests > 0 {
		w.compare(&page, q)
	}
	return w.render(rw, http.StatusOK, "compare_versions.html", page)
}

// choose takes the versions that the reader names or, for one that is not
// named, the latest or the one before the other.
func (p *compareVersionsPage) choose() {
	p.A, p.B = versionSide{Letter: "A", Version: p.Place.Get("a")}, versionSide{Letter: "B", Version: p.Place.Get("b")}
	other := func(from int, than string) string {
		for _, d := range p.Versions[from:] {
			if d.Version != than {
				return d.Version
			}
		}
		return ""
	}
	if p.B.Version == "" {
		p.B.Version = other(0, p.A.Version)
	}
	if p.A.Version == "" {
		before := slices.IndexFunc(p.Versions, func(d deployment) bool { return d.Version == p.B.Version }) + 1
		p.A.Version = other(before, p.B.Version)
	}
	if p.A.Version == "" { // nothing came before
		p.A.Version = other(0, p.B.Version)
	}
	p.A.offer(p.Versions, func(version string) string { return p.Place.With("a", version, "b", p.B.Version) })
	p.B.offer(p.Versions, func(version string) string { return p.Place.With("a", p.A.Version, "b", version) })
}

// offer lists the versions that the side may be, with the address of each.
func (s *versionSide) offer(versions []deployment, url func(version string) string) {
	const most = 12
	for i, d := range versions {
		current := d.Version == s.Version
		if current {
			s.First = momentOrNone(d.FirstSeen)
		}
		if i < most || current {
			s.Choices = append(s.Choices, chart.Choice{Title: short(d.Version), URL: url(d.Version), Current: current})
		}
	}
}

// settleBoth closes the window. Where the reader has chosen no time, it is the
// shortest range in which there are requests to both versions.
func (w *Web) settleBoth(ctx context.Context, win window, q query.Query, a, b string) (window, error) {
	if a == "" || b == "" {
		return w.settle(ctx, win, q, query.ServiceEntrySpans)
	}
	either := query.Or{both(query.Query{}, "version", a).Expr, both(query.Query{}, "version", b).Expr}
	if !win.Chosen() {
		longest := -1
		for _, version := range []string{a, b} {
			one, err := w.settle(ctx, win, both(q, "version", version), query.ServiceEntrySpans)
			if err != nil {
				return win, err
			}
			longest = max(longest, slices.IndexFunc(ranges(), func(r timeRange) bool { return r.Name == one.Range }))
		}
		win.Range = ranges()[longest].Name
	}
	return w.settle(ctx, win, query.Query{Expr: query.And{q.Expr, either}}, query.ServiceEntrySpans)
}

func (w *Web) measureVersion(ctx context.Context, f frame, win window, q query.Query, side *versionSide) error {
	q = both(q, "version", side.Version)
	side.selection = win.selection(q, query.ServiceEntrySpans)
	found, err := w.figures(ctx, query.Breakdown{Selection: side.selection, Distribution: true})
	if err != nil {
		return err
	}
	if side.anatomy, err = w.anatomy(ctx, side.selection, 0); err != nil {
		return err
	}
	side.group, side.Requests = found.Total, found.Total.Requests
	side.TracesURL = f.tracesOf(q)
	return nil
}

// compare fills the page with what differs.
func (w *Web) compare(page *compareVersionsPage, q query.Query) {
	a, b := page.A, page.B
	page.Few = fewText(a, b)
	page.Outcome = versionsOutcome(a.group.Figures, b.group.Figures)
	page.Figures = figuresCompared(a.group, b.group)
	page.Latencies = chart.NewComparison([2]stats.Group{a.group, b.group}, [2]chart.TracesURL{
		page.tracesOfLatency(both(q, "version", a.Version)), page.tracesOfLatency(both(q, "version", b.Version)),
	})
	page.Time = w.timeCompared(perRequestOf(a.anatomy), perRequestOf(b.anatomy))
	page.Spans, page.Unlisted = w.kindsCompared(a.anatomy, b.anatomy, page.Place.Get("kinds") == "all")
	page.Sample = fmt.Sprintf("Averages for A %s, for B %s.", sampleText(a.anatomy), sampleText(b.anatomy))
}

// perRequestOf is who worked how long for a request, on average.
func perRequestOf(a stats.Anatomy) (times []apm.ServiceTime) {
	for _, service := range a.Services {
		times = append(times, apm.ServiceTime{Service: service.Service, Exec: service.Exec / time.Duration(max(1, a.Requests))})
	}
	return times
}

func fewText(a, b versionSide) string {
	switch {
	case a.Requests < fewRequests && b.Requests < fewRequests:
		return fmt.Sprintf("A has %s and B has %s: too few for these figures to mean much.", format.Count(a.Requests, "request", "requests"), format.Number(b.Requests))
	case a.Requests < fewRequests:
		return fmt.Sprintf("A has only %s: too few for these figures to mean much.", format.Count(a.Requests, "request", "requests"))
	case b.Requests < fewRequests:
		return fmt.Sprintf("B has only %s: too few for these figures to mean much.", format.Count(b.Requests, "request", "requests"))
	}
	return ""
}

// Both reports whether there are two versions to compare.
func (p compareVersionsPage) Both() bool { return p.A.Version != "" && p.B.Version != "" }

// Same reports whether the two are one.
func (p compareVersionsPage) Same() bool { return p.A.Version == p.B.Version }

// Sides are the two.
func (p compareVersionsPage) Sides() []versionSide { return []versionSide{p.A, p.B} }

// SwapURL is the page with the two the other way round.
func (p compareVersionsPage) SwapURL() string {
	return p.Place.With("a", p.B.Version, "b", p.A.Version)
}

// PageURL is the page of what is compared: of the resource or, where it is all
// that the service is asked for, of the service.
func (p compareVersionsPage) PageURL() string {
	if p.Resource == "" {
		return p.ServiceURL(p.Place.Get("service"))
	}
	return p.ResourceURL(p.Place.Get("service"), p.Place.Get("operation"), p.Place.Get("resource"))
}

// Short is the version in one line.
func (s versionSide) Short() string { return short(s.Version) }
