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
	name string
	draw func(*chart.Chart)
}

// chart returns the graph with the plot that the reader chose, or the first.
func (g graphs) chart(id, title, summary string, plots ...plot) *chart.Chart {
	c := chart.New(id, title, g.Window.TimeRange())
	c.Summary = summary
	chosen := max(0, slices.IndexFunc(plots, func(p plot) bool { return p.name == g.Place.Get(id) }))
	for i, p := range plots {
		value := p.name
		if i == 0 {
			value = ""
		}
		c.Choices = append(c.Choices, chart.Choice{Title: p.name, URL: g.Place.With(id, value), Current: i == chosen})
	}
	plots[chosen].draw(c)
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
	step, requests := time.Duration(g.Window.Step), func(f stats.Figures) float64 { return float64(f.Requests) }
	return g.chart("requests", "Requests", fmt.Sprintf("%s · %s · %s per bar",
		format.Count(g.total.Requests, "request", "requests"),
		page.RateText(requests(g.total.Figures)/max(1, g.Window.Seconds())), format.Duration(step)),
		plot{"Requests and errors", func(c *chart.Chart) {
			ok := g.series("OK", "", func(f stats.Figures) float64 { return float64(f.Requests - f.Errors) })
			c.Stack([]chart.Series{g.series("Errors", "failed", errorsOf), ok}, chart.Count)
		}},
		plot{"Requests per second", func(c *chart.Chart) {
			rate := func(f stats.Figures) float64 { return requests(f) / step.Seconds() }
			c.Stack([]chart.Series{g.series("Requests/s", "", rate)}, chart.Count)
		}},
		plot{"By version", func(c *chart.Chart) {
			c.Named = true
			c.Stack(g.byVersion(requests), chart.Count)
		}})
}

func errorsOf(f stats.Figures) float64 { return float64(f.Errors) }

func (g graphs) errors() *chart.Chart {
	return g.chart("errors", "Errors", fmt.Sprintf("%s · %s of requests",
		format.Count(g.total.Errors, "error", "errors"), page.Percent(g.total.ErrorRate())),
		plot{"Errors", func(c *chart.Chart) {
			c.Stack([]chart.Series{g.series("Errors", "failed", errorsOf)}, chart.Count)
		}},
		plot{"Error rate", func(c *chart.Chart) {
			percent := func(f stats.Figures) float64 { return 100 * f.ErrorRate() }
			c.Plot([]chart.Series{g.series("Error rate", "failed", percent)}, chart.Percent)
		}},
		plot{"By version", func(c *chart.Chart) {
			c.Named = true
			c.Stack(g.byVersion(errorsOf), chart.Count)
		}})
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
	f := g.Figures(g.total.Figures)
	return g.chart("latency", "Latency", f.text("p50", "p95", "p99", "max"),
		plot{"Percentiles", func(c *chart.Chart) {
			var percentiles []chart.Series
			for _, l := range chart.Latencies() {
				if l.IsPercentile() {
					percentiles = append(percentiles, g.series(l.Title, l.Name, nanoseconds(l.Of)))
				}
			}
			c.Plot(percentiles, chart.Duration)
		}},
		plot{"Max", func(c *chart.Chart) {
			longest := nanoseconds(func(f stats.Figures) time.Duration { return f.Max })
			c.Plot([]chart.Series{g.series("max", "p99", longest)}, chart.Duration)
		}},
		plot{"By version", func(c *chart.Chart) {
			c.Summary = "p95 by version"
			c.Plot(g.byVersion(nanoseconds(func(f stats.Figures) time.Duration { return f.P95 })), chart.Duration)
		}},
		plot{"Distribution", func(c *chart.Chart) {
			c.Histogram = chart.NewHistogram(g.total.Distribution, g.total.Figures, g.TracesOfLatency(g.Query))
			c.Rows, c.Summary = nil, c.Histogram.Summary
		}})
}

// series returns a value of all requests over time. Without a class it has the service's
// colour.
func (g graphs) series(name, class string, value func(stats.Figures) float64) chart.Series {
	s := chart.Series{Name: name, Class: class, Values: valuesOf(g.total, value)}
	if class == "" {
		s.Colour = g.colour
	}
	return s
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
	perBucket := make([]float64, len(a.SeriesRequests))
	for _, service := range a.Services {
		for bucket, exec := range service.Series {
			perBucket[bucket] += float64(exec)
		}
	}
	// stack draws each service's execution time, scaled, divided by a number for each bucket.
	stack := func(scale float64, by func(bucket int) float64, write func(float64) string) func(*chart.Chart) {
		return func(c *chart.Chart) {
			var all []chart.Series
			for i, service := range a.Services {
				if i < most {
					shown := p.Service(service.Service)
					all = append(all, chart.Series{Name: shown.Name, Colour: shown.Colour})
				} else if i == most {
					all = append(all, chart.Series{Name: "others", Class: "others"})
				}
				series := &all[min(i, most)]
				if series.Values == nil {
					series.Values = make([]float64, len(perBucket))
				}
				for bucket, exec := range service.Series {
					series.Values[bucket] += scale * float64(exec) / by(bucket) // NaN for 0 / 0
				}
			}
			c.Named = true
			c.Stack(all, write)
		}
	}
	first := a.Services[0]
	summary := fmt.Sprintf("%s: %s %% of exec time", page.Short(first.Service), format.Significant(first.Percent))
	if a.Sampled() {
		summary += fmt.Sprintf(" · from %s of %s requests", format.Number(a.Requests), format.Number(a.Of))
	}
	return g.chart("spent", "Time spent", summary,
		plot{"% of time spent", stack(100, func(bucket int) float64 { return perBucket[bucket] }, chart.Percent)},
		plot{"Avg time per request",
			stack(1, func(bucket int) float64 { return float64(a.SeriesRequests[bucket]) }, chart.Duration)})
}
