package chart

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/stats"
)

// TracesURL returns the address of the traces with requests of a duration between from
// and to; it may be empty.
type TracesURL func(from, to time.Duration) string

// A Histogram is a distribution of latency on a logarithmic axis, with percentiles marked.
type Histogram struct {
	Bars    []Bar
	Marks   []PercentileMark
	Ticks   []Tick
	Y       []Mark
	Summary string
}

// A Bar stands for the requests with a duration from From to less than To.
type Bar struct {
	X, Y, Width, Height string // in percent
	From, To            string
	Requests            string
	Title               string // the hover text
	URL                 string // of the traces; may be empty
}

// A PercentileMark is a vertical line at a percentile.
type PercentileMark struct{ X, Y, Label, Anchor string }

// NewHistogram draws latencies, sorted by duration, and the percentiles of their figures.
func NewHistogram(latencies []stats.Latency, f stats.Figures, url TracesURL) *Histogram {
	axis := newLatencyAxis(latencies)
	h := &Histogram{Ticks: axis.ticks(), Marks: axis.percentiles(f)}
	counts := axis.count(latencies)
	var top float64
	h.Y, top = Marks(float64(slices.Max(counts)), Count)
	for bin, n := range counts {
		if n > 0 {
			height := max(1.5, 100*float64(n)/top)
			h.Bars = append(h.Bars, axis.bar(bin, n, 100-height, height, url))
		}
	}
	h.Summary = fmt.Sprintf("%s · p50 %s · p95 %s · p99 %s · max %s", format.Count(f.Requests, "request", "requests"),
		format.Duration(f.P50), format.Duration(f.P95), format.Duration(f.P99), format.Duration(f.Max))
	return h
}

// A Comparison is two distributions of latency on one axis: A's bars point up, B's down.
// A bar's length is its share of its side's requests, so a version with few requests
// compares with one that has many.
type Comparison struct {
	Bars    [2][]Bar
	Marks   [2][]PercentileMark
	Ticks   []Tick
	Rows    []ComparisonRow
	Summary string
}

// A ComparisonRow counts the requests of A and B from From to less than To.
type ComparisonRow struct{ From, To, A, B string }

// NewComparison draws the distributions of two groups of requests.
func NewComparison(sides [2]stats.Group, urls [2]TracesURL) *Comparison {
	const half = 50.0 // percent of the height
	axis := newLatencyAxis(sides[0].Distribution, sides[1].Distribution)
	c := &Comparison{Ticks: axis.ticks()}
	var counts [2][]int
	longest := 0.0
	share := func(side, bin int) float64 { return float64(counts[side][bin]) / float64(max(1, sides[side].Requests)) }
	for side, group := range sides {
		counts[side], c.Marks[side] = axis.count(group.Distribution), axis.percentiles(group.Figures)
		for bin := range bins {
			longest = max(longest, share(side, bin))
		}
	}
	for bin := range bins {
		if counts[0][bin]+counts[1][bin] == 0 {
			continue
		}
		c.Rows = append(c.Rows, ComparisonRow{
			format.Duration(axis.edge(bin)), format.Duration(axis.edge(bin + 1)),
			format.Number(counts[0][bin]), format.Number(counts[1][bin]),
		})
		for side := range sides {
			if counts[side][bin] == 0 {
				continue
			}
			height, y := max(.8, .9*half*share(side, bin)/longest), half
			if side == 0 {
				y -= height
			}
			c.Bars[side] = append(c.Bars[side], axis.bar(bin, counts[side][bin], y, height, urls[side]))
		}
	}
	a, b := sides[0], sides[1]
	c.Summary = fmt.Sprintf("A: p50 %s, p95 %s · B: p50 %s, p95 %s",
		format.Duration(a.P50), format.Duration(a.P95), format.Duration(b.P50), format.Duration(b.P95))
	return c
}

// bins is the number of bins of a latency axis.
const bins = 48

// A latencyAxis divides latencies evenly by their logarithm.
type latencyAxis struct{ lowest, highest float64 } // nanoseconds

// newLatencyAxis covers all latencies. Bins are no finer than the 1 % to which latencies
// are known.
func newLatencyAxis(all ...[]stats.Latency) latencyAxis {
	const finest = 1.025
	lowest, highest := math.Inf(1), 0.0
	for _, l := range slices.Concat(all...) {
		lowest, highest = min(lowest, float64(max(1, l.Duration))), max(highest, float64(max(1, l.Duration)))
	}
	if highest == 0 {
		lowest, highest = float64(time.Millisecond), float64(time.Second)
	}
	lowest, highest = lowest/1.05, highest*1.05
	if least := math.Pow(finest, bins); highest/lowest < least {
		middle := math.Sqrt(lowest * highest)
		lowest, highest = middle/math.Sqrt(least), middle*math.Sqrt(least)
	}
	return latencyAxis{lowest, highest}
}

// at returns a latency's position in percent.
func (a latencyAxis) at(d time.Duration) float64 {
	x := math.Log(max(1, float64(d))/a.lowest) / math.Log(a.highest/a.lowest)
	return 100 * min(1, max(0, x))
}

// edge returns the latency at which a bin starts, with four significant digits.
func (a latencyAxis) edge(bin int) time.Duration {
	exact := a.lowest * math.Pow(a.highest/a.lowest, float64(bin)/bins)
	unit := math.Max(1, math.Pow(10, math.Floor(math.Log10(exact))-3))
	return time.Duration(min(math.Round(exact/unit)*unit, math.Nextafter(math.MaxInt64, 0)))
}

// count returns the number of requests in each bin. Latencies are sorted.
func (a latencyAxis) count(latencies []stats.Latency) []int {
	counts := make([]int, bins)
	bin := 0
	for _, l := range latencies {
		for bin < bins-1 && l.Duration >= a.edge(bin+1) {
			bin++
		}
		counts[bin] += l.Requests
	}
	return counts
}

// ticks marks round latencies: 1, 2, 5, 10, … or, on a long axis, powers of ten.
func (a latencyAxis) ticks() (ticks []Tick) {
	long := a.highest/a.lowest > 1000
	for d := roundUp(a.lowest); d <= a.highest; d = roundUp(1.5 * d) {
		digit := math.Round(d / math.Pow(10, math.Floor(math.Log10(d)*(1+1e-12))))
		if long && digit != 1 || d < 1 || d > math.MaxInt64 {
			continue
		}
		tick := newTick(0, a.at(time.Duration(d)), format.Duration(time.Duration(d)))
		tick.Minor = digit == 2
		ticks = append(ticks, tick)
	}
	return ticks
}

// bar returns the bar of a bin with n requests, from y down, in percent. Latencies are
// known to 1 % only, so its address covers a little more than its bin.
func (a latencyAxis) bar(bin, n int, y, height float64, url TracesURL) Bar {
	from, to := a.edge(bin), a.edge(bin+1)
	return Bar{
		X: Coordinate(100 * (float64(bin) + .06) / bins), Width: Coordinate(100 * .88 / bins),
		Y: Coordinate(y), Height: Coordinate(height),
		From: format.Duration(from), To: format.Duration(to), Requests: format.Number(n),
		Title: format.Duration(from) + " – " + format.Duration(to) + ": " + format.Count(n, "request", "requests"),
		URL:   url(from-from/100, to+min(to/100, math.MaxInt64-to)),
	}
}

func (a latencyAxis) percentiles(f stats.Figures) (marks []PercentileMark) {
	for i, p := range []struct {
		name string
		at   time.Duration
	}{{"p50", f.P50}, {"p95", f.P95}, {"p99", f.P99}} {
		mark := PercentileMark{X: Coordinate(a.at(p.at)), Y: strconv.Itoa(10 + 12*i), Label: p.name, Anchor: "start"}
		if a.at(p.at) > 94 {
			mark.Anchor = "end"
		}
		marks = append(marks, mark)
	}
	return marks
}
