package web

import (
	"fmt"
	"time"

	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/stats"
)

// histograms are two distributions of latency on one logarithmic axis: A's bars point
// up, B's down. A bar's length is its share of its side's requests, so that a version
// with few requests compares with one that has many.
type histograms struct {
	Bars    [2][]histogramBar
	Marks   [2][]percentileMark
	Ticks   []tick
	Rows    []histogramRow
	Summary string
}

// A histogramRow is how many requests of each took from and less than to.
type histogramRow struct{ From, To, A, B string }

// newHistograms draws the latencies of A and B. urls give the addresses of a
// bar's traces on either side.
func newHistograms(of [2]stats.Group, urls [2]func(from, to time.Duration) string) *histograms {
	const half = 50 // percent of the height
	axis := newLatencyAxis(of[0].Distribution, of[1].Distribution)
	h := &histograms{Ticks: axis.ticks()}
	counts := [2][]int{axis.count(of[0].Distribution), axis.count(of[1].Distribution)}
	part := func(side, bin int) float64 {
		return float64(counts[side][bin]) / float64(max(1, of[side].Requests))
	}
	most := 0.0
	for side := range of {
		for bin := range axis.bins {
			most = max(most, part(side, bin))
		}
	}
	for bin := range axis.bins {
		from, to := axis.edge(bin), axis.edge(bin+1)
		if counts[0][bin]+counts[1][bin] == 0 {
			continue
		}
		h.Rows = append(h.Rows, histogramRow{format.Duration(from), format.Duration(to), format.Number(counts[0][bin]), format.Number(counts[1][bin])})
		for side, n := range [2]int{counts[0][bin], counts[1][bin]} {
			if n == 0 {
				continue
			}
			height, y := max(.8, .9*half*part(side, bin)/most), float64(half)
			if side == 0 {
				y -= height
			}
			h.Bars[side] = append(h.Bars[side], axis.bar(bin, n, y, height, urls[side]))
		}
	}
	for side, g := range of {
		h.Marks[side] = axis.percentiles(g.Figures)
	}
	h.Summary = fmt.Sprintf("A: p50 %s, p95 %s · B: p50 %s, p95 %s",
		format.Duration(of[0].P50), format.Duration(of[0].P95), format.Duration(of[1].P50), format.Duration(of[1].P95))
	return h
}
