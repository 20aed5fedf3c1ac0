package comparison

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"thinker/shared/apm"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/chart"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
	"time"
)

// minRequests is how many requests a version needs for its percentiles to mean much.
const minRequests = 20

// compareVersionsPage compares two versions of a service or a resource.
type compareVersionsPage struct {
	page.Frame
	Service   page.Service
	Resource  string // empty for all resources of the service
	Operation string // empty for any
	A, B      versionSide
	Versions  []page.Deployment // that exist, the newest first

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
	First     *page.Moment
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
	window                       page.Window
}

func parseCompareVersionsRequest(r *http.Request) (request compareVersionsRequest, err error) {
	asked := r.URL.Query()
	request = compareVersionsRequest{
		service: asked.Get("service"), resource: asked.Get("resource"), operation: asked.Get("operation"),
		a: asked.Get("a"), b: asked.Get("b"), allKinds: asked.Get("kinds") == "all",
	}
	if request.service == "" {
		return request, page.Failure{Status: http.StatusBadRequest, Detail: "The address names no service. " +
			"Open a service’s page: each version under Deployments has a link to compare it with the previous version."}
	}
	request.window, err = page.ParseWindow(r)
	return request, err
}

// query returns the query for the requests that the page compares, of any version.
func (r compareVersionsRequest) query() query.Query {
	return alikeTo(&apm.Span{Service: r.service, Name: r.operation, Resource: r.resource})
}

// showCompareVersions serves GET /compare?service=&resource=&operation=&a=VERSION&b=VERSION.
func (w room) showCompareVersions(rw http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	request, err := parseCompareVersionsRequest(r)
	if err != nil {
		return err
	}
	data := compareVersionsPage{Frame: w.Frame(r, "services", "Compare versions", page.Docs{
		Name: "Deployment Tracking", URL: "https://docs.datadoghq.com/tracing/services/deployment_tracking/",
		Lacks: "commits and faulty deployments",
	})}
	data.Service = w.Service(request.service)
	data.Resource, data.Operation = page.Short(request.resource), page.Short(request.operation)
	ever := page.Window{Env: request.window.Env}.Selection(request.query(), query.ServiceEntrySpans)
	if data.Versions, err = w.Deployments(ctx, ever, request.service); err != nil {
		return err
	}
	data.choose(request)
	if request.window, err = w.settleBoth(ctx, request, data.A.Version, data.B.Version); err != nil {
		return err
	}
	data.Window = &request.window
	if data.Both() {
		data.Title = fmt.Sprintf("%s and %s · Compare versions", page.Short(data.A.Version), page.Short(data.B.Version))
		if err := w.compareVersions(ctx, &data, request); err != nil {
			return err
		}
	}
	return w.Render(rw, http.StatusOK, "compare_versions.html", data)
}

// choose takes the versions that the reader named. For a missing B it takes the newest
// version, for a missing A the version before B.
func (p *compareVersionsPage) choose(request compareVersionsRequest) {
	firstBut := func(versions []page.Deployment, other string) string {
		for _, d := range versions {
			if d.Version != other {
				return d.Version
			}
		}
		return ""
	}
	b := cmp.Or(request.b, firstBut(p.Versions, request.a))
	before := slices.IndexFunc(p.Versions, func(d page.Deployment) bool { return d.Version == b }) + 1
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
			side.First = page.MomentOrNone(d.FirstSeen)
		}
		if i < maxChoices || current {
			side.Choices = append(side.Choices, chart.Choice{Title: page.Short(d.Version), URL: url(d.Version), Current: current})
		}
	}
	return side
}

// settleBoth settles the window. If the reader chose no time range, it takes the shortest
// one with requests to both versions.
func (w room) settleBoth(ctx context.Context, request compareVersionsRequest, a, b string) (page.Window, error) {
	win, q := request.window, request.query()
	if a == "" || b == "" {
		return w.Settle(ctx, win, q, query.ServiceEntrySpans)
	}
	if !win.Chosen() {
		longest := 0
		for _, version := range []string{a, b} {
			one, err := w.Settle(ctx, win, page.And(q, "version", version), query.ServiceEntrySpans)
			if err != nil {
				return win, err
			}
			index := slices.IndexFunc(page.Ranges(), func(r page.TimeRange) bool { return r.Name == one.Range })
			longest = max(longest, index)
		}
		win.Range = page.Ranges()[longest].Name
	}
	either := query.Or{page.And(query.Query{}, "version", a).Expr, page.And(query.Query{}, "version", b).Expr}
	return w.Settle(ctx, win, query.Query{Expr: query.And{q.Expr, either}}, query.ServiceEntrySpans)
}

// compareVersions fills the page with what differs.
func (w room) compareVersions(ctx context.Context, data *compareVersionsPage, request compareVersionsRequest) error {
	var traces [2]chart.TracesURL
	for i, side := range []*versionSide{&data.A, &data.B} {
		q := page.And(request.query(), "version", side.Version)
		selection := request.window.Selection(q, query.ServiceEntrySpans)
		found, err := w.Figures(ctx, query.Breakdown{Selection: selection, Distribution: true})
		if err != nil {
			return err
		}
		if side.anatomy, err = w.Anatomy(ctx, selection, 0); err != nil {
			return err
		}
		side.group, side.Requests = found.Total, found.Total.Requests
		side.TracesURL, traces[i] = data.TracesOf(q), data.TracesOfLatency(q)
	}
	a, b := data.A, data.B
	if a.Requests == 0 || b.Requests == 0 {
		return nil
	}
	data.Few = fewText(a.Requests, b.Requests)
	data.Outcome = versionsOutcome(a.group.Figures, b.group.Figures)
	data.Figures = figuresCompared(a.group, b.group)
	data.Latencies = chart.NewComparison([2]stats.Group{a.group, b.group}, traces)
	data.Time = w.timeCompared(averageTimes(a.anatomy), averageTimes(b.anatomy))
	data.Spans, data.Unlisted = w.kindsCompared(a.anatomy, b.anatomy, request.allKinds)
	data.Sample = fmt.Sprintf("Averages for A %s, for B %s.", page.SampleText(a.anatomy), page.SampleText(b.anatomy))
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
func (s versionSide) Short() string { return page.Short(s.Version) }
