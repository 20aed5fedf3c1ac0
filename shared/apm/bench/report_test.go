package bench

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// times are how long something took.
type times []time.Duration

// milliseconds is what q of all, from 0 to 1, did not exceed.
func (t times) milliseconds(q float64) float64 {
	sorted := slices.Sorted(slices.Values(t))
	rank := int(math.Ceil(q * float64(len(sorted))))
	return float64(sorted[max(0, rank-1)]) / float64(time.Millisecond)
}

// A row is a read that was measured; nothing was where it took no times.
type row struct {
	name, found string // how many traces, or why none
	took        times
}

// report prints a table, and reports what was slowest in it.
func report(b *testing.B, rows []row) {
	b.Helper()
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "p50 ms\tp99 ms\tmax ms\ttimes\tfound\t\n")
	var p50, p99 float64
	for _, r := range rows {
		if len(r.took) == 0 {
			fmt.Fprintf(table, "-\t-\t-\t-\t%s\t  %s\n", r.found, r.name)
			continue
		}
		p50, p99 = max(p50, r.took.milliseconds(0.5)), max(p99, r.took.milliseconds(0.99))
		fmt.Fprintf(table, "%.1f\t%.1f\t%.1f\t%d\t%s\t  %s\n", r.took.milliseconds(0.5), r.took.milliseconds(0.99), r.took.milliseconds(1), len(r.took), r.found, r.name)
	}
	_ = table.Flush() // a Builder takes everything
	b.Log("\n" + text.String())
	b.ReportMetric(p50, "ms-slowest-p50")
	b.ReportMetric(p99, "ms-slowest-p99")
	b.ReportMetric(0, "ns/op") // leaves it out
}
