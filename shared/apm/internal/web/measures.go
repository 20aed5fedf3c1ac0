package web

import (
	"fmt"
	"math"
	"thinker/shared/apm/colour"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/chart"
	"thinker/shared/apm/internal/web/page"
	"time"
)

// The graphs of a service and of a resource, each with a choice of figures
// (https://docs.datadoghq.com/tracing/services/service_page/).

// measured is the data of the graphs.
type measured struct {
	place    page.URL
	window   page.Window
	colour   string                              // of the service
	total    stats.Group                         // with buckets and distribution
	versions []stats.Group                       // with buckets; the one that appeared first comes first
	traces   func(from, to time.Duration) string // returns the address of the traces with requests of such a duration
}

// maxVersions bounds how many versions a graph shows.
const maxVersions = 8

// choices returns links to everything a graph can show, and the current one. The first
// is the default.
func (m measured) choices(id string, names ...string) (all []chart.Choice, chosen string) {
	asked := m.place.Get(id)
	for i, name := range names {
		value, title := name, name
		if i == 0 {
			value = ""
		}
		all = append(all, chart.Choice{Title: title, URL: m.place.With(id, value)})
		if asked == name {
			chosen = name
			all[i].Current = true
		}
	}
	if chosen == "" {
		chosen = names[0]
		all[0].Current = true
	}
	return all, chosen
}

// requests returns the graph of requests and errors.
func (m measured) requests() *chart.Chart {
	c := chart.New("requests", "Requests", m.window.TimeRange())
	var chosen string
	c.Choices, chosen = m.choices(c.ID, "Requests and errors", "Requests per second", "By version")
	seconds := time.Duration(m.window.Step).Seconds()
	switch chosen {
	case "Requests per second":
		c.Stack([]chart.Series{m.series("Requests/s", "", m.colour, m.total,
			func(f stats.Figures) float64 { return float64(f.Requests) / seconds })}, chart.Count)
	case "By version":
		c.Named = true
		c.Stack(m.byVersion(func(f stats.Figures) float64 { return float64(f.Requests) }), chart.Count)
	default:
		c.Stack([]chart.Series{
			m.series("Errors", "failed", "", m.total, func(f stats.Figures) float64 { return float64(f.Errors) }),
			m.series("OK", "", m.colour, m.total, func(f stats.Figures) float64 { return float64(f.Requests - f.Errors) }),
		}, chart.Count)
	}
	c.Summary = fmt.Sprintf("%s · %s · %s per bar", format.Count(m.total.Requests, "request", "requests"),
		page.RateText(float64(m.total.Requests)/max(1, m.window.Seconds())), format.Duration(time.Duration(m.window.Step)))
	return c
}

// errors returns the graph of errors.
func (m measured) errors() *chart.Chart {
	c := chart.New("errors", "Errors", m.window.TimeRange())
	var chosen string
	c.Choices, chosen = m.choices(c.ID, "Errors", "Error rate", "By version")
	switch chosen {
	case "Error rate":
		c.Plot([]chart.Series{m.series("Error rate", "failed", "", m.total,
			func(f stats.Figures) float64 { return 100 * f.ErrorRate() })}, chart.Percent)
	case "By version":
		c.Named = true
		c.Stack(m.byVersion(func(f stats.Figures) float64 { return float64(f.Errors) }), chart.Count)
	default:
		c.Stack([]chart.Series{m.series("Errors", "failed", "", m.total,
			func(f stats.Figures) float64 { return float64(f.Errors) })}, chart.Count)
	}
	c.Summary = fmt.Sprintf("%s · %s of requests", format.Count(m.total.Errors, "error", "errors"),
		page.Percent(m.total.ErrorRate()))
	return c
}

// latency returns the graph of latency.
func (m measured) latency() *chart.Chart {
	c := chart.New("latency", "Latency", m.window.TimeRange())
	var chosen string
	c.Choices, chosen = m.choices(c.ID, "Percentiles", "Max", "By version", "Distribution")
	f := m.total.Figures
	c.Summary = latencyText(f)
	switch chosen {
	case "Max":
		c.Plot([]chart.Series{m.series("max", "p99", "", m.total, func(f stats.Figures) float64 {
			return nanoseconds(f,
				f.Max)
		})}, chart.Duration)
	case "By version":
		c.Plot(m.byVersion(func(f stats.Figures) float64 { return nanoseconds(f, f.P95) }), chart.Duration)
		c.Summary = "p95 by version"
	case "Distribution":
		c.Histogram = chart.NewHistogram(m.total.Distribution, f, m.traces)
		c.Rows, c.Summary = nil, c.Histogram.Summary
	default:
		var percentiles []chart.Series
		for _, l := range chart.Latencies() {
			if l.IsPercentile() {
				percentiles = append(percentiles, m.series(l.Title, l.Name, "", m.total,
					func(f stats.Figures) float64 { return nanoseconds(f, l.Of(f)) }))
			}
		}
		c.Plot(percentiles, chart.Duration)
	}
	return c
}

// nanoseconds converts a latency; it returns NaN without requests.
func nanoseconds(f stats.Figures, latency time.Duration) float64 {
	if f.Requests == 0 {
		return math.NaN()
	}
	return float64(latency)
}

func (m measured) series(name, class, colour string, of stats.Group, value func(stats.Figures) float64) chart.Series {
	s := chart.Series{Name: name, Class: class, Colour: colour}
	for _, f := range of.Buckets {
		s.Values = append(s.Values, value(f))
	}
	return s
}

// byVersion returns a series for each version. A version keeps its colour as long as
// earlier versions are stored.
func (m measured) byVersion(value func(stats.Figures) float64) (all []chart.Series) {
	var palette colour.Palette
	for _, group := range m.versions {
		name := group.Values[0]
		if name == "" {
			name = "no version"
		}
		all = append(all, m.series(page.Short(name), "", palette.Of(name).Hex(), group, value))
	}
	return all
}
