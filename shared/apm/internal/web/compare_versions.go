package web

import (
	"cmp"
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

// minRequests is how many requests a version needs for its percentiles to mean much.
const minRequests = 20

// compareVersionsPage compares two versions of a service or a resource.
type compareVersionsPage struct {
	frame
	Service   service
	Resource  string // empty for all resources of the service
	Operation string // empty for any
	A, B      versionSide
	Versions  []deployment // that exist, the newest first

	Outcome   string
	Few       string // a sentence that warns of too few requests; may be empty
	Figures   []figureCompared
	Latencies *chart.Comparison
	Time      timeCompared
	Spans     []kindCompared
	Unlisted  int    // kinds of spans that are left out
	Sample    string // which requests the spans are from, in a sentence
}

// A versionSide is version A or version B.
type versionSide struct {
	Letter    string
	Version   string         // empty if there is none to choose
	Choices   []chart.Choice // versions that the reader can choose
	First     *moment
	Requests  int
	TracesURL string

	group   stats.Group
	anatomy stats.Anatomy
}

// compareVersionsRequest is a request for the page.
type compareVersionsRequest struct {
	service, resource, operation string
	a, b                         string // versions; may be empty
	allKinds                     bool   // list all kinds of spans
	window                       window
}

func parseCompareVersionsRequest(r *http.Request) (request compareVersionsRequest, err error) {
	asked := r.URL.Query()
	request = compareVersionsRequest{
		service: asked.Get("service"), resource: asked.Get("resource"), operation: asked.Get("operation"),
		a: asked.Get("a"), b: asked.Get("b"), allKinds: asked.Get("kinds") == "all",
	}
	if request.service == "" {
		return request, failure{http.StatusBadRequest, "The address names no service. " +
			"Open a service’s page: each version under Deployments has a link to compare it with the previous version."}
	}
	request.window, err = readWindow(r)
	return request, err
}

// query returns the query for the requests that the page compares, of any version.
func (r compareVersionsRequest) query() query.Query {
	return alikeTo(&apm.Span{Service: r.service, Name: r.operation, Resource: r.resource})
}

// showCompareVersions serves GET /compare?service=&resource=&operation=&a=VERSION&b=VERSION.
func (w *Web) showCompareVersions(rw http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	request, err := parseCompareVersionsRequest(r)
	if err != nil {
		return err
	}
	page := compareVersionsPage{frame: w.frame(r, "services", "Compare versions", docs{
		"Deployment Tracking", "https://docs.datadoghq.com/tracing/services/deployment_tracking/",
		"commits and faulty deployments",
	})}
	page.Service = w.service(request.service)
	page.Resource, page.Operation = short(request.resource), short(request.operation)
	ever := window{Env: request.window.Env}.selection(request.query(), query.ServiceEntrySpans)
	if page.Versions, err = w.deploymentsOf(ctx, ever, request.service); err != nil {
		return err
	}
	page.choose(request)
	if request.window, err = w.settleBoth(ctx, request, page.A.Version, page.B.Version); err != nil {
		return err
	}
	if page.Menus, err = w.menus(ctx, page.Place, request.window); err != nil {
		return err
	}
	if page.Both() {
		page.Title = fmt.Sprintf("%s and %s · Compare versions", short(page.A.Version), short(page.B.Version))
		if err := w.compareVersions(ctx, &page, request); err != nil {
			return err
		}
	}
	return w.render(rw, http.StatusOK, "compare_versions.html", page)
}

// choose takes the versions that the reader named. For a missing B it takes the newest
// version, for a missing A the version before B.
func (p *compareVersionsPage) choose(request compareVersionsRequest) {
	firstBut := func(versions []deployment, other string) string {
		for _, d := range versions {
			if d.Version != other {
				return d.Version
			}
		}
		return ""
	}
	b := cmp.Or(request.b, firstBut(p.Versions, request.a))
	before := slices.IndexFunc(p.Versions, func(d deployment) bool { return d.Version == b }) + 1
	a := cmp.Or(request.a, firstBut(p.Versions[before:], b), firstBut(p.Versions, b))
	p.A = p.side("A", a, func(version string) string { return p.Place.With("a", version, "b", b) })
	p.B = p.side("B", b, func(version string) string { return p.Place.With("a", a, "b", version) })
}

// side returns a side with the versions that the reader can choose instead.
func (p *compareVersionsPage) side(letter, version string, url func(version string) string) versionSide {
	const maxChoices = 12
	side := versionSide{Letter: letter, Version: version}
	for i, d := range p.Versions {
		current := d.Version == version
		if current {
			side.First = momentOrNone(d.FirstSeen)
		}
		if i < maxChoices || current {
			side.Choices = append(side.Choices, chart.Choice{Title: short(d.Version), URL: url(d.Version), Current: current})
		}
	}
	return side
}

// settleBoth settles the window. If the reader chose no time range, it takes the shortest
// one with requests to both versions.
func (w *Web) settleBoth(ctx context.Context, request compareVersionsRequest, a, b string) (window, error) {
	win, q := request.window, request.query()
	if a == "" || b == "" {
		return w.settle(ctx, win, q, query.ServiceEntrySpans)
	}
	if !win.Chosen() {
		longest := 0
		for _, version := range []string{a, b} {
			one, err := w.settle(ctx, win, both(q, "version", version), query.ServiceEntrySpans)
			if err != nil {
				return win, err
			}
			index := slices.IndexFunc(ranges(), func(r timeRange) bool { return r.Name == one.Range })
			longest = max(longest, index)
		}
		win.Range = ranges()[longest].Name
	}
	either := query.Or{both(query.Query{}, "version", a).Expr, both(query.Query{}, "version", b).Expr}
	return w.settle(ctx, win, query.Query{Expr: query.And{q.Expr, either}}, query.ServiceEntrySpans)
}

// compareVersions fills the page with what differs.
func (w *Web) compareVersions(ctx context.Context, page *compareVersionsPage, request compareVersionsRequest) error {
	var traces [2]chart.TracesURL
	for i, side := range []*versionSide{&page.A, &page.B} {
		q := both(request.query(), "version", side.Version)
		selection := request.window.selection(q, query.ServiceEntrySpans)
		found, err := w.figures(ctx, query.Breakdown{Selection: selection, Distribution: true})
		if err != nil {
			return err
		}
		if side.anatomy, err = w.anatomy(ctx, selection, 0); err != nil {
			return err
		}
		side.group, side.Requests = found.Total, found.Total.Requests
		side.TracesURL, traces[i] = page.tracesOf(q), tracesOfLatency(page.frame, q)
	}
	a, b := page.A, page.B
	if a.Requests == 0 || b.Requests == 0 {
		return nil
	}
	page.Few = fewText(a.Requests, b.Requests)
	page.Outcome = versionsOutcome(a.group.Figures, b.group.Figures)
	page.Figures = figuresCompared(a.group, b.group)
	page.Latencies = chart.NewComparison([2]stats.Group{a.group, b.group}, traces)
	page.Time = w.timeCompared(averageTimes(a.anatomy), averageTimes(b.anatomy))
	page.Spans, page.Unlisted = w.kindsCompared(a.anatomy, b.anatomy, request.allKinds)
	page.Sample = fmt.Sprintf("Averages for A %s, for B %s.", sampleText(a.anatomy), sampleText(b.anatomy))
	return nil
}

// averageTimes returns the average execution time of each service for a request.
func averageTimes(a stats.Anatomy) (times []apm.ServiceTime) {
	for _, s := range a.Services {
		times = append(times, apm.ServiceTime{Service: s.Service, Exec: s.Exec / time.Duration(max(1, a.Requests))})
	}
	return times
}

func fewText(a, b int) string {
	const tooFew = "too few for these figures to mean much."
	switch {
	case a < minRequests && b < minRequests:
		return fmt.Sprintf("A has %s and B has %s: %s", format.Count(a, "request", "requests"), format.Number(b), tooFew)
	case a < minRequests:
		return fmt.Sprintf("A has only %s: %s", format.Count(a, "request", "requests"), tooFew)
	case b < minRequests:
		return fmt.Sprintf("B has only %s: %s", format.Count(b, "request", "requests"), tooFew)
	}
	return ""
}

// Both reports whether there are two versions to compare.
func (p compareVersionsPage) Both() bool { return p.A.Version != "" && p.B.Version != "" }

// Same reports whether A and B are the same version.
func (p compareVersionsPage) Same() bool { return p.A.Version == p.B.Version }

// Sides returns A and B.
func (p compareVersionsPage) Sides() []versionSide { return []versionSide{p.A, p.B} }

// SwapURL returns the address of the page with A and B swapped.
func (p compareVersionsPage) SwapURL() string {
	return p.Place.With("a", p.B.Version, "b", p.A.Version)
}

// PageURL returns the address of the resource's page or, without a resource, of the
// service's page.
func (p compareVersionsPage) PageURL() string {
	if p.Resource == "" {
		return p.ServiceURL(p.Place.Get("service"))
	}
	return p.ResourceURL(p.Place.Get("service"), p.Place.Get("operation"), p.Place.Get("resource"))
}

// Short returns the version, cut to one line.
func (s versionSide) Short() string { return short(s.Version) }
