package web

import (
	"fmt"
	"math"
	"time"

	"thinker/shared/apm/colour"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/stats"
)

// The graphs of a service and of a resource, each with a choice of figures
// (https://docs.datadoghq.com/tracing/services/service_page/).

// measured is the data of the graphs.
type measured struct {
	place    place
	window   window
	colour   string                              // of the service
	total    stats.Group                         // with buckets and distribution
	versions []stats.Group                       // with buckets; the one that appeared first comes first
	traces   func(from, to time.Duration) string // returns the address of the traces with requests of such a duration
}

// maxVersions bounds how many versions a graph shows.
const maxVersions = 8

// choices returns links to everything a graph can show, and the current one. The first
// is the default.
func (m measured) choices(id string, names ...string) (all []choice, chosen string) {
	asked := m.place.Get(id)
	for i, name := range names {
		value, title := name, name
		if i == 0 {
			value = ""
		}
		all = append(all, choice{Title: title, URL: m.place.With(id, value)})
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
func (m measured) requests() chart {
	c := newChart("requests", "Requests", m.window)
	var chosen string
	c.Choices, chosen = m.choices(c.ID, "Requests and errors", "Requests per second", "By version")
	seconds := time.Duration(m.window.Step).Seconds()
	switch chosen {
	case "Requests per second":
		c.stack([]series{m.series("Requests/s", "", m.colour, m.total, func(f stats.Figures) float64 { return float64(f.Requests) / seconds })}, countText)
	case "By version":
		c.Named = true
		c.stack(m.byVersion(func(f stats.Figures) float64 { return float64(f.Requests) }), countText)
	default:
		c.stack([]series{
			m.series("Errors", "failed", "", m.total, func(f stats.Figures) float64 { return float64(f.Errors) }),
			m.series("OK", "", m.colour, m.total, func(f stats.Figures) float64 { return float64(f.Requests - f.Errors) }),
		}, countText)
	}
	c.Summary = fmt.Sprintf("%s · %s · %s per bar", format.Count(m.total.Requests, "request", "requests"),
		rateText(float64(m.total.Requests)/max(1, m.window.seconds())), format.Duration(time.Duration(m.window.Step)))
	return c
}

// errors returns the graph of errors.
func (m measured) errors() chart {
	c := newChart("errors", "Errors", m.window)
	var chosen string
	c.Choices, chosen = m.choices(c.ID, "Errors", "Error rate", "By version")
	switch chosen {
	case "Error rate":
		c.lines([]series{m.series("Error rate", "failed", "", m.total, func(f stats.Figures) float64 { return 100 * f.ErrorRate() })}, percentText)
	case "By version":
		c.Named = true
		c.stack(m.byVersion(func(f stats.Figures) float64 { return float64(f.Errors) }), countText)
	default:
		c.stack([]series{m.series("Errors", "failed", "", m.total, func(f stats.Figures) float64 { return float64(f.Errors) })}, countText)
	}
	c.Summary = fmt.Sprintf("%s · %s of requests", format.Count(m.total.Errors, "error", "errors"), percent(m.total.ErrorRate()))
	return c
}

// latency returns the graph of latency.
func (m measured) latency() chart {
	c := newChart("latency", "Latency", m.window)
	var chosen string
	c.Choices, chosen = m.choices(c.ID, "Percentiles", "Max", "By version", "Distribution")
	f := m.total.Figures
	c.Summary = latencyText(f)
	switch chosen {
	case "Max":
		c.lines([]series{m.series("max", "p99", "", m.total, func(f stats.Figures) float64 { return nanoseconds(f, f.Max) })}, durationText)
	case "By version":
		c.lines(m.byVersion(func(f stats.Figures) float64 { return nanoseconds(f, f.P95) }), durationText)
		c.Summary = "p95 by version"
	case "Distribution":
		c.Histogram = newHistogram(m.total.Distribution, f, m.traces)
		c.Rows, c.Summary = nil, c.Histogram.Summary
	default:
		var percentiles []series
		for _, l := range latencies() {
			if l.IsPercentile() {
				percentiles = append(percentiles, m.series(l.Title, l.Name, "", m.total, func(f stats.Figures) float64 { return nanoseconds(f, l.of(f)) }))
			}
		}
		c.lines(percentiles, durationText)
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

func (m measured) series(name, class, colour string, of stats.Group, value func(stats.Figures) float64) series {
	s := series{Name: name, Class: class, Colour: colour}
	for _, f := range of.Buckets {
		s.Values = append(s.Values, value(f))
	}
	return s
}

// byVersion returns a series for each version. A version keeps its colour as long as
// earlier versions are stored.
func (m measured) byVersion(value func(stats.Figures) float64) (all []series) {
	var palette colour.Palette
	for _, group := range m.versions {
		name := group.Values[0]
		if name == "" {
			name = "no version"
		}
		all = append(all, m.series(short(name), "", palette.Of(name).Hex(), group, value))
	}
	return all
}
