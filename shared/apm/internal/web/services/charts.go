package services

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"thinker/shared/apm/colour"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/chart"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
)

// graphs is the data of the graphs of a service or a resource
// (https://docs.datadoghq.com/tracing/services/service_page/).
type graphs struct {
	frame
	colour   string        // of the service
	total    stats.Group   // with buckets and distribution
	versions []stats.Group // with buckets; the version that appeared first comes first
}

// graphs reads the data of the graphs.
func (p pages) graphs(ctx context.Context, f frame) (g graphs, a stats.Anatomy, err error) {
	const most = 8 // versions
	found, err := p.Traces.Breakdown(ctx, query.Breakdown{Selection: f.selection(), By: []query.Field{{Name: "version"}},
		Buckets: f.Window.Buckets(), Distribution: true, Limit: most})
	if err != nil || found.Total.Requests == 0 {
		return g, a, err
	}
	slices.SortStableFunc(found.Groups, func(a, b stats.Group) int {
		return cmp.Or(cmp.Compare(a.First, b.First), strings.Compare(a.Values[0], b.Values[0]))
	})
	g = graphs{f, p.Palette.Of(f.Service).Hex(), found.Total, found.Groups}
	a, err = p.Anatomy(ctx, f.selection(), f.Window.Buckets())
	return g, a, err
}

// A plot is one of the things that a graph can show.
type plot struct {
	name   string
	write  func(float64) string // formats a value
	series []chart.Series
	kind   plotKind
}

type plotKind int

const (
	bars      plotKind = iota
	namedBars          // have their names below the graph even if there is only one
	lines
	histogram // drawn by itself
)

// chart returns the graph with the plot that the reader chose, or the first.
func (g graphs) chart(id, title, summary string, plots ...plot) *chart.Chart {
	c := chart.New(id, title, g.Window.TimeRange())
	c.Summary = summary
	chosen := max(0, slices.IndexFunc(plots, func(p plot) bool { return p.name == g.URL.Get(id) }))
	for i, p := range plots {
		value := p.name
		if i == 0 {
			value = ""
		}
		c.Choices = append(c.Choices, chart.Choice{Title: p.name, URL: g.URL.With(id, value), Current: i == chosen})
	}
	switch p := plots[chosen]; p.kind {
	case lines:
		c.Plot(p.series, p.write)
	case bars, namedBars:
		c.Named = p.kind == namedBars
		c.Stack(p.series, p.write)
	}
	return c
}

// charts returns the four graphs, or three for a leaf service.
func (p pages) charts(g graphs, a stats.Anatomy) []*chart.Chart {
	all := []*chart.Chart{g.requests(), g.errors(), g.latency()}
	if len(a.Services) > 1 {
		all = append(all, p.timeSpent(g, a))
	}
	return all
}

func (g graphs) requests() *chart.Chart {
	step := time.Duration(g.Window.Step)
	requests := func(f stats.Figures) float64 { return float64(f.Requests) }
	rate := func(f stats.Figures) float64 { return requests(f) / step.Seconds() }
	ok := func(f stats.Figures) float64 { return float64(f.Requests - f.Errors) }
	summary := fmt.Sprintf("%s · %s · %s per bar", format.Count(g.total.Requests, "request", "requests"),
		page.RateText(requests(g.total.Figures)/max(1, g.Window.Seconds())), format.Duration(step))
	return g.chart("requests", "Requests", summary,
		plot{"Requests and errors", chart.Count,
			slices.Concat(g.series("Errors", "failed", errorsOf), g.series("OK", "", ok)), bars},
		plot{"Requests per second", chart.Count, g.series("Requests/s", "", rate), bars},
		plot{"By version", chart.Count, g.byVersion(requests), namedBars})
}

func errorsOf(f stats.Figures) float64 { return float64(f.Errors) }

func (g graphs) errors() *chart.Chart {
	percent := func(f stats.Figures) float64 { return 100 * f.ErrorRate() }
	summary := fmt.Sprintf("%s · %s of requests", format.Count(g.total.Errors, "error", "errors"),
		page.Percent(g.total.ErrorRate()))
	return g.chart("errors", "Errors", summary,
		plot{"Errors", chart.Count, g.series("Errors", "failed", errorsOf), bars},
		plot{"Error rate", chart.Percent, g.series("Error rate", "failed", percent), lines},
		plot{"By version", chart.Count, g.byVersion(errorsOf), namedBars})
}

func (g graphs) latency() *chart.Chart {
	// nanoseconds returns a latency over time, which is NaN without requests.
	nanoseconds := func(of func(stats.Figures) time.Duration) func(stats.Figures) float64 {
		return func(f stats.Figures) float64 {
			if f.Requests == 0 {
				return math.NaN()
			}
			return float64(of(f))
		}
	}
	var percentiles []chart.Series
	for _, l := range chart.Latencies() {
		if l.IsPercentile() {
			percentiles = append(percentiles, g.series(l.Title, l.Name, nanoseconds(l.Of))...)
		}
	}
	longest := nanoseconds(func(f stats.Figures) time.Duration { return f.Max })
	p95 := nanoseconds(func(f stats.Figures) time.Duration { return f.P95 })
	c := g.chart("latency", "Latency", g.Figures(g.total.Figures).text("p50", "p95", "p99", "max"),
		plot{"Percentiles", chart.Duration, percentiles, lines},
		plot{"Max", chart.Duration, g.series("max", "p99", longest), lines},
		plot{"By version", chart.Duration, g.byVersion(p95), lines},
		plot{name: "Distribution", kind: histogram})
	switch g.URL.Get("latency") {
	case "By version":
		c.Summary = "p95 by version"
	case "Distribution":
		c.Histogram = chart.NewHistogram(g.total.Distribution, g.total.Figures, g.TracesOfLatency(g.Query))
		c.Rows, c.Summary = nil, c.Histogram.Summary
	}
	return c
}

// series returns a value of all requests over time. Without a class it has the service's
// colour.
func (g graphs) series(name, class string, value func(stats.Figures) float64) []chart.Series {
	s := chart.Series{Name: name, Class: class, Values: valuesOf(g.total, value)}
	if class == "" {
		s.Colour = g.colour
	}
	return []chart.Series{s}
}

// byVersion returns a series for each version. A version keeps its colour as long as
// earlier versions are stored.
func (g graphs) byVersion(value func(stats.Figures) float64) (all []chart.Series) {
	var palette colour.Palette
	for _, version := range g.versions {
		name := cmp.Or(version.Values[0], "no version")
		all = append(all, chart.Series{Name: page.Short(name), Colour: palette.Of(name).Hex(),
			Values: valuesOf(version, value)})
	}
	return all
}

func valuesOf(g stats.Group, value func(stats.Figures) float64) (values []float64) {
	for _, f := range g.Buckets {
		values = append(values, value(f))
	}
	return values
}

// timeSpent returns the graph of execution time by service.
func (p pages) timeSpent(g graphs, a stats.Anatomy) *chart.Chart {
	const most = 11 // services; the rest is one
	var share, perRequest []chart.Series
	for i, service := range a.Services[:min(len(a.Services), most+1)] {
		s := chart.Series{Name: "others", Class: "others"}
		if i < most {
			shown := p.Service(service.Service)
			s = chart.Series{Name: shown.Name, Colour: shown.Colour}
		}
		share, perRequest = append(share, s), append(perRequest, s)
	}
	for bucket, requests := range a.SeriesRequests {
		exec, total := make([]float64, len(share)), 0.0
		for i, service := range a.Services {
			exec[min(i, most)] += float64(service.Series[bucket])
			total += float64(service.Series[bucket])
		}
		for i := range exec { // NaN for 0 / 0
			share[i].Values = append(share[i].Values, 100*exec[i]/total)
			perRequest[i].Values = append(perRequest[i].Values, exec[i]/float64(requests))
		}
	}
	first := a.Services[0]
	summary := fmt.Sprintf("%s: %s %% of exec time", page.Short(first.Service), format.Significant(first.Percent))
	if a.Sampled() {
		summary += fmt.Sprintf(" · from %s of %s requests", format.Number(a.Requests), format.Number(a.Of))
	}
	return g.chart("spent", "Time spent", summary,
		plot{"% of time spent", chart.Percent, share, namedBars},
		plot{"Avg time per request", chart.Duration, perRequest, namedBars})
}
