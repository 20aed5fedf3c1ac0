package chart_test

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/chart"
)

var nan = math.NaN()

func fourSteps() *chart.Chart { return chart.New("x", "X", chart.Range{From: 0, To: 4e9, Step: 1e9}) }

func TestChart_Plot(t *testing.T) {
	c := fourSteps()
	c.Plot([]chart.Series{{Name: "a", Values: []float64{10, nan, 20, 30}}, {Name: "none", Values: []float64{nan, nan,
		nan, nan}}}, chart.Count)
	if got, want := c.Lines[0].Path, "M0.08 66.667h.84M2.5 33.333L3.5 0"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if c.Lines[0].Last != "30" || c.Lines[1].Path != "" || c.Lines[1].End != "" {
		t.Errorf("%+v", c.Lines)
	}
	if got := fmt.Sprint(c.Rows[1].Values, c.Rows[2].Values); got != "[– –] [20 –]" {
		t.Errorf("the table has %s", got)
	}
}

func TestChart_PlotSpreadsLabels(t *testing.T) {
	for _, last := range [][]float64{{50, 50, 50, 50, 50}, {0, 0, 0}, {100, 100, 99}, {10, 90}, {90, nan, 91, 10}} {
		var all []chart.Series
		for _, value := range last {
			all = append(all, chart.Series{Values: []float64{100, 100, 100, value}})
			if math.IsNaN(value) {
				all[len(all)-1].Values = []float64{nan, nan, nan, nan}
			}
		}
		c := fourSteps()
		c.Plot(all, chart.Count)
		var ends []float64
		for i, line := range c.Lines {
			if (line.End == "") != math.IsNaN(last[i]) {
				t.Errorf("%v: the label of %v stands at %q", last, last[i], line.End)
			}
			if line.End != "" {
				end, err := strconv.ParseFloat(line.End, 64)
				if err != nil {
					t.Fatal(err)
				}
				ends = append(ends, end)
			}
		}
		slices.Sort(ends)
		for i := range ends {
			if ends[i] < 0 || ends[i] > 100 || i > 0 && ends[i]-ends[i-1] < 8 {
				t.Errorf("%v: labels at %v", last, ends)
			}
		}
	}
}

func TestChart_Stack(t *testing.T) {
	c := fourSteps()
	c.Stack([]chart.Series{{Name: "a", Values: []float64{1, 0, 0, 2}}, {Name: "b", Values: []float64{1, 0, 4, 0}}},
		chart.Count)
	if got, want := c.Areas[1].Path, "M0.08 75V50h.84V75zM2.08 100V0h.84V100z"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := fmt.Sprint(c.Y); got != "[{100 0} {50 2} {0 4}]" {
		t.Errorf("marks %s", got)
	}
}

func TestMarks(t *testing.T) {
	for top, want := range map[float64]string{
		0: "0 1", 1: "0 1", 2: "0 1 2", 3: "0 1 2 3", 4: "0 2 4", 7: "0 5 10", 100: "0 50 100", 139: "0 50 100 150",
		0.5: "0 0.2 0.4 0.6", 1234: "0 500 1,000 1,500",
	} {
		marks, highest := chart.Marks(top, chart.Count)
		var labels []string
		for _, m := range marks {
			labels = append(labels, m.Label)
		}
		if got := strings.Join(labels, " "); got != want || highest < top {
			t.Errorf("%v: %s up to %v, want %s", top, got, highest, want)
		}
	}
}

func TestTimeTicks(t *testing.T) {
	at := func(text string) int64 {
		parsed, err := time.Parse(time.DateTime, text)
		if err != nil {
			t.Fatal(err)
		}
		return parsed.UnixNano()
	}
	for _, test := range []struct {
		from, to int64
		want     string
	}{
		{at("2026-03-01 12:03:20"), at("2026-03-01 12:18:20"), "m 12:05 12:10 12:15"},
		{at("2026-03-01 12:03:20"), at("2026-03-01 12:03:25"), "s 12:03:20 12:03:21 12:03:22 12:03:23 12:03:24 12:03:25"},
		{at("2026-03-01 12:03:20"), at("2026-03-01 12:03:20") + 2e6, "ms 12:03:20.000 12:03:20.001 12:03:20.002"},
		{at("2026-03-01 10:00:00"), at("2026-03-01 14:00:00"), "m 10:00 11:00 12:00 13:00 14:00"},
		{at("2026-03-01 10:00:00"), at("2026-03-05 10:00:00"), "d Mar 02 Mar 04"},
		{at("1969-12-31 23:59:59"), at("1970-01-01 00:00:01"),
			"ms 23:59:59.000 23:59:59.500 00:00:00.000 00:00:00.500 00:00:01.000"},
		{math.MaxInt64 - 86400e9, math.MaxInt64, "m 00:00 08:00 16:00"},
		{math.MinInt64, math.MaxInt64, "d Oct 04 May 19 Jan 01 Aug 15 Mar 31 Apr 24 Dec 08 Jul 23 Mar 07 Oct 20"},
	} {
		ticks := chart.TimeTicks(test.from, test.to)
		labels := []string{ticks[0].Unit}
		for _, tick := range ticks {
			labels = append(labels, tick.Label)
		}
		if got := strings.Join(labels, " "); got != test.want {
			t.Errorf("%d–%d: %s, want %s", test.from, test.to, got, test.want)
		}
	}
}

func TestDurationTicks(t *testing.T) {
	for d := time.Duration(1); d < math.MaxInt64/3; d = d*3 + 1 {
		if ticks := chart.DurationTicks(d); len(ticks) < 2 || len(ticks) > 7 {
			t.Errorf("%s: %d ticks", d, len(ticks))
		}
	}
	for d, want := range map[time.Duration]string{
		0: "[{0 0 start false  }]",
		5: "[{0 0 start false  } {20 1 ns middle true  } {40 2 ns middle false  } {60 3 ns middle true  } " +
			"{80 4 ns middle false  } {100 5 ns end true  }]",
		6 * time.Minute: "[{0 0 start false  } {16.667 1 min middle true  } {33.333 2 min middle false  } " +
			"{50 3 min middle true  } {66.667 4 min middle false  } {83.333 5 min middle true  } {100 6 min end false  }]",
	} {
		if got := fmt.Sprint(chart.DurationTicks(d)); got != want {
			t.Errorf("%s: %s", d, got)
		}
	}
}

func TestDivide(t *testing.T) {
	for _, bounds := range [][2]int64{
		{0, 1}, {1_700_000_000e9, 1_700_000_900e9}, {-5e9, 7e9},
		{math.MinInt64, math.MaxInt64}, {math.MaxInt64 - 1, math.MaxInt64},
	} {
		r := chart.Divide(bounds[0], bounds[1])
		if r.From > bounds[0] || r.To < bounds[1] || r.Steps() < 1 || r.Steps() > 62 {
			t.Errorf("%v: %+v, %d steps", bounds, r, r.Steps())
		}
	}
}

func noURL(_, _ time.Duration) string { return "" }

func TestNewHistogram_CountsRequestsOnce(t *testing.T) {
	for name, latencies := range map[string][]stats.Latency{
		"one":    {{Duration: 500 * time.Millisecond, Requests: 1}},
		"narrow": {{Duration: 500 * time.Millisecond, Requests: 7}, {Duration: 505 * time.Millisecond, Requests: 2}},
		"wide": {{Duration: 0, Requests: 3}, {Duration: 1, Requests: 1}, {Duration: time.Millisecond, Requests: 9},
			{Duration: 300 * time.Hour, Requests: 1}},
		"longest": {{Duration: math.MaxInt64, Requests: 2}},
	} {
		sum, want := 0, 0
		for _, l := range latencies {
			want += l.Requests
		}
		h := chart.NewHistogram(latencies, stats.Figures{}, func(from, to time.Duration) string {
			if from > to {
				t.Errorf("%s: a bar from %s to %s", name, from, to)
			}
			return ""
		})
		for _, bar := range h.Bars {
			n, err := strconv.Atoi(bar.Requests)
			if err != nil {
				t.Fatal(err)
			}
			sum += n
		}
		if sum != want {
			t.Errorf("%s: %d requests in the bars, want %d", name, sum, want)
		}
	}
}

func TestNewHistogram_Ticks(t *testing.T) {
	labels := func(from, to time.Duration) string {
		h := chart.NewHistogram([]stats.Latency{{Duration: from, Requests: 1}, {Duration: to, Requests: 1}},
			stats.Figures{}, noURL)
		var all []string
		for _, tick := range h.Ticks {
			all = append(all, tick.Label)
		}
		return strings.Join(all, " ")
	}
	for want, of := range map[string][2]time.Duration{
		"2 ms 5 ms 10 ms 20 ms 50 ms 100 ms 200 ms": {2 * time.Millisecond, 200 * time.Millisecond},
		"100 µs 1 ms 10 ms 100 ms 1 s":              {100 * time.Microsecond, time.Second},
		"50 ms":                                     {50 * time.Millisecond, 50 * time.Millisecond},
	} {
		if got := labels(of[0], of[1]); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestNewComparison(t *testing.T) {
	group := func(latencies ...stats.Latency) (g stats.Group) {
		for _, l := range latencies {
			g.Requests += l.Requests
		}
		g.Distribution = latencies
		return g
	}
	a := group(stats.Latency{Duration: time.Millisecond, Requests: 100})
	b := group(stats.Latency{Duration: time.Millisecond, Requests: 1},
		stats.Latency{Duration: 100 * time.Millisecond, Requests: 1})
	c := chart.NewComparison([2]stats.Group{a, b}, [2]chart.TracesURL{noURL, noURL})
	if len(c.Bars[0]) != 1 || len(c.Bars[1]) != 2 || len(c.Rows) != 2 {
		t.Fatalf("%+v", c)
	}
	if got := c.Rows[0].A + " " + c.Rows[0].B + " " + c.Rows[1].A; got != "100 1 0" {
		t.Errorf("the table has %s", got)
	}
	up, down := c.Bars[0][0], c.Bars[1][0]
	if got := fmt.Sprint(up.Y, " ", up.Height, " ", down.Y, " ", down.Height); got != "5 45 50 22.5" {
		t.Errorf("bars at %s", got)
	}
}
