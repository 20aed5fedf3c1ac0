package comparison

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
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
)

// minRequests is how many requests a version needs for its percentiles to mean much.
const minRequests = 20

// A versionsPage compares two versions of a service or a resource.
type versionsPage struct {
	page.Frame
	versionsRequest
	Versions []page.Deployment // that exist, the newest first
	Sides    [2]versionSide    // A and B

	Outcome   string
	Few       string // a sentence that warns of too few requests; may be empty
	Figures   []figureCompared
	Latencies *chart.Comparison
	Time      timeCompared
	Kinds     []kindCompared
	Unlisted  int    // kinds of spans that are left out
	Sample    string // which requests the spans are from, in a sentence
}

// A versionSide is version A or version B.
type versionSide struct {
	Letter    string
	Version   string         // empty if there is none to choose
	Choices   []chart.Choice // versions that the reader can choose
	First     *page.Moment
	TracesURL string
	stats.Group
}

// A versionsRequest is what a reader chose to compare.
type versionsRequest struct {
	Service             string
	Operation, Resource string    // empty for all
	versions            [2]string // may be empty
	allKinds            bool      // list all kinds of spans
	window              page.Window
}

func parseVersionsRequest(r *http.Request) (request versionsRequest, err error) {
	asked := r.URL.Query()
	request = versionsRequest{
		Service: asked.Get("service"), Operation: asked.Get("operation"), Resource: asked.Get("resource"),
		versions: [2]string{asked.Get("a"), asked.Get("b")}, allKinds: asked.Get("kinds") == "all",
	}
	if request.Service == "" {
		return request, page.Failure{Status: http.StatusBadRequest, Detail: "The address names no service. " +
			"Open a service’s page: each version under Deployments has a link to compare it with the previous version."}
	}
	request.window, err = page.ParseWindow(r)
	return request, err
}

// query returns the query for the requests that the page compares, of any version.
func (r versionsRequest) query() query.Query { return queryFor(r.Service, r.Operation, r.Resource) }

// showVersions serves GET /compare?service=&resource=&operation=&a=VERSION&b=VERSION&kinds=all.
func (p pages) showVersions(rw http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	request, err := parseVersionsRequest(r)
	if err != nil {
		return err
	}
	docs := page.Docs{Name: "Deployment Tracking", Lacks: "commits and faulty deployments",
		URL: "https://docs.datadoghq.com/tracing/services/deployment_tracking/"}
	data := versionsPage{Frame: p.Frame(r, "services", "Compare versions", docs), versionsRequest: request}
	ever := page.Window{Env: request.window.Env}.Selection(request.query(), query.ServiceEntrySpans)
	deployments, err := page.Deployments(ctx, p.Traces, ever)
	if err != nil {
		return err
	}
	data.Versions = deployments[request.Service]
	data.choose()
	if data.window, err = p.settle(ctx, request, data.Sides); err != nil {
		return err
	}
	data.Window = &data.window
	if data.Both() {
		data.Title = fmt.Sprintf("%s and %s · Compare versions",
			page.Short(data.Sides[0].Version), page.Short(data.Sides[1].Version))
		if err := data.compare(ctx, p.Site); err != nil {
			return err
		}
	}
	return p.Render(rw, http.StatusOK, "compare_versions.html", data)
}

// choose takes the versions that the reader named, and offers others. For a missing B it
// takes the newest version, for a missing A the version before B.
func (p *versionsPage) choose() {
	firstBut := func(versions []page.Deployment, other string) string {
		for _, d := range versions {
			if d.Version != other {
				return d.Version
			}
		}
		return ""
	}
	b := cmp.Or(p.versions[1], firstBut(p.Versions, p.versions[0]))
	before := slices.IndexFunc(p.Versions, func(d page.Deployment) bool { return d.Version == b }) + 1
	a := cmp.Or(p.versions[0], firstBut(p.Versions[before:], b), firstBut(p.Versions, b))
	const most = 12 // choices
	for side, version := range [2]string{a, b} {
		p.Sides[side] = versionSide{Letter: letter(side), Version: version}
		for i, d := range p.Versions {
			current := d.Version == version
			if current {
				p.Sides[side].First = page.MomentOrNone(d.FirstSeen)
			}
			if i < most || current {
				to := [2]string{a, b}
				to[side] = d.Version
				p.Sides[side].Choices = append(p.Sides[side].Choices, chart.Choice{
					Title: page.Short(d.Version), URL: p.URL.With("a", to[0], "b", to[1]), Current: current,
				})
			}
		}
	}
}

// settle settles the window. If the reader chose no time range, it takes the shortest one
// with requests to both versions.
func (p pages) settle(ctx context.Context, request versionsRequest, sides [2]versionSide) (page.Window, error) {
	win, q := request.window, request.query()
	if sides[0].Version == "" || sides[1].Version == "" {
		return p.Settle(ctx, win, q, query.ServiceEntrySpans)
	}
	anyRange, longest := !win.Chosen(), 0
	var either query.Or
	for _, side := range sides {
		either = append(either, page.And(query.Query{}, "version", side.Version).Expr)
		if !anyRange {
			continue
		}
		one, err := p.Settle(ctx, win, page.And(q, "version", side.Version), query.ServiceEntrySpans)
		if err != nil {
			return win, err
		}
		longest = max(longest, slices.IndexFunc(page.Ranges(), func(r page.TimeRange) bool { return r.Name == one.Range }))
	}
	if anyRange {
		win.Range = page.Ranges()[longest].Name
	}
	return p.Settle(ctx, win, query.Query{Expr: query.And{q.Expr, either}}, query.ServiceEntrySpans)
}

// compare fills the page with what differs.
func (p *versionsPage) compare(ctx context.Context, site *page.Site) error {
	var (
		traces    [2]chart.TracesURL
		groups    [2]stats.Group
		times     [2][]apm.ServiceTime
		anatomies [2]stats.Anatomy
	)
	for i := range p.Sides {
		side := &p.Sides[i]
		q := page.And(p.query(), "version", side.Version)
		selection := p.window.Selection(q, query.ServiceEntrySpans)
		found, err := site.Traces.Breakdown(ctx, query.Breakdown{Selection: selection, Distribution: true})
		if err != nil {
			return err
		}
		if anatomies[i], err = site.Anatomy(ctx, selection, 0); err != nil {
			return err
		}
		for _, s := range anatomies[i].Services {
			perRequest := s.Exec / time.Duration(max(1, anatomies[i].Requests))
			times[i] = append(times[i], apm.ServiceTime{Service: s.Service, Exec: perRequest})
		}
		side.Group, groups[i] = found.Total, found.Total
		side.TracesURL, traces[i] = p.TracesOf(q), p.TracesOfLatency(q)
	}
	a, b := groups[0], groups[1]
	if a.Requests == 0 || b.Requests == 0 {
		return nil
	}
	p.Few = fewText(a.Requests, b.Requests)
	p.Outcome = outcomeText(a.Figures, b.Figures)
	p.Figures = compareFigures(groups)
	p.Latencies = chart.NewComparison(groups, traces)
	p.Time = compareTimes(site, times)
	whole := max(p.Time.Bars[0].Total, p.Time.Bars[1].Total)
	p.Kinds, p.Unlisted = compareKinds(anatomies, scale{whole / 100, whole}, p.allKinds)
	p.Sample = fmt.Sprintf("Averages for A %s, for B %s.", page.SampleText(anatomies[0]), page.SampleText(anatomies[1]))
	return nil
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
func (p versionsPage) Both() bool { return p.Sides[0].Version != "" && p.Sides[1].Version != "" }
