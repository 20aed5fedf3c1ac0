package web

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm/internal/stats"
)

func fourSteps() window { return window{From: 0, To: 4e9, Step: 1e9} }

func TestLinesBreakWhereThereIsNothing(t *testing.T) {
	c := newChart("x", "X", fourSteps())
	nan := math.NaN()
	c.lines([]series{{Name: "a", Values: []float64{10, nan, 20, 30}}, {Name: "none", Values: []float64{nan, nan, nan, nan}}}, countText)
	if got, want := c.Lines[0].Path, "M0.08 66.667h.84M2.5 33.333L3.5 0"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if c.Lines[0].Last != "30" || c.Lines[1].Path != "" || c.Lines[1].End != "" {
		t.Errorf("%+v", c.Lines)
	}
	if got := fmt.Sprint(c.Rows[1].Values, c.Rows[2].Values); got != "[– –] [20 –]" {
		t.Errorf("the table says %s", got)
	}
}

func TestBarsStandOnEachOther(t *testing.T) {
	c := newChart("x", "X", fourSteps())
	c.stack([]series{{Name: "a", Values: []float64{1, 0, 0, 2}}, {Name: "b", Values: []float64{1, 0, 4, 0}}}, countText)
	if got, want := c.Areas[1].Path, "M0.08 75V50h.84V75zM2.08 100V0h.84V100z"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := fmt.Sprint(c.Y); got != "[{100 0} {50 2} {0 4}]" {
		t.Errorf("marks %s", got)
	}
}

func TestAxesAreRound(t *testing.T) {
	for top, want := range map[float64]string{
		0: "0 1", 1: "0 1", 2: "0 1 2", 3: "0 1 2 3", 4: "0 2 4", 7: "0 5 10", 100: "0 50 100", 139: "0 50 100 150", 0.5: "0 0.2 0.4 0.6", 1234: "0 500 1,000 1,500",
	} {
		marks, round := axis(top, countText)
		var labels []string
		for _, m := range marks {
			labels = append(labels, m.Label)
		}
		if got := strings.Join(labels, " "); got != want || round < top {
			t.Errorf("%v: %s up to %v, want %s", top, got, round, want)
		}
	}
}

func TestNamesKeepApart(t *testing.T) {
	for _, positions := range [][]float64{{50, 50, 50, 50, 50}, {0, 0, 0}, {100, 100, 99}, {10, 90}, {90, math.NaN(), 91, 10}} {
		moved := apart(positions, 8)
		var there []float64
		for i, at := range moved {
			if math.IsNaN(at) != math.IsNaN(positions[i]) {
				t.Errorf("%v became %v", positions, moved)
			}
			if !math.IsNaN(at) {
				there = append(there, at)
			}
		}
		slices.Sort(there)
		for i := range there {
			if there[i] < 0 || there[i] > 100 || i > 0 && there[i]-there[i-1] < 8-1e-9 {
				t.Errorf("%v became %v", positions, moved)
			}
		}
	}
}

func TestTimeMarksAreRound(t *testing.T) {
	day := int64(24 * time.Hour)
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
		{at("2026-03-01 12:03:20"), at("2026-03-01 12:03:20") + int64(2*time.Millisecond), "ms 12:03:20.000 12:03:20.001 12:03:20.002"},
		{at("2026-03-01 10:00:00"), at("2026-03-01 14:00:00"), "m 10:00 11:00 12:00 13:00 14:00"},
		{at("2026-03-01 10:00:00"), at("2026-03-05 10:00:00"), "d Mar 02 Mar 04"},
		{math.MaxInt64 - day, math.MaxInt64, ""},
	} {
		marks := timeMarks(test.from, test.to)
		var labels []string
		for i, m := range marks {
			if i == 0 {
				labels = append(labels, m.Unit)
			}
			labels = append(labels, m.Label)
		}
		if got := strings.Join(labels, " "); got != test.want && test.want != "" || len(marks) > 8 {
			t.Errorf("%s, want %s", got, test.want)
		}
	}
}

func TestRateText(t *testing.T) {
	for perSecond, want := range map[float64]string{0: "0 req/s", 1e-5: "< 0.01 req/min", 1.0 / 900: "0.0667 req/min", 0.158: "9.48 req/min", 2: "2 req/s"} {
		if got := rateText(perSecond); got != want {
			t.Errorf("%v: %s, want %s", perSecond, got, want)
		}
	}
}

func TestARateHasNoMoreDigitsThanTell(t *testing.T) {
	for perSecond, want := range map[float64]string{0: "0 req/s", 1.0 / 900: "< 0.01 req/s", 0.0125: "0.0125 req/s", 2: "2 req/s"} {
		if got := rate(perSecond).String(); got != want {
			t.Errorf("%v: %s, want %s", perSecond, got, want)
		}
	}
}

func TestAHistogramCountsEveryRequestOnce(t *testing.T) {
	for name, latencies := range map[string][]stats.Latency{
		"one":         {{Duration: 500 * time.Millisecond, Requests: 1}},
		"narrow":      {{Duration: 500 * time.Millisecond, Requests: 7}, {Duration: 505 * time.Millisecond, Requests: 2}},
		"wide":        {{Duration: 0, Requests: 3}, {Duration: 1, Requests: 1}, {Duration: time.Millisecond, Requests: 9}, {Duration: 300 * time.Hour, Requests: 1}},
		"the longest": {{Duration: math.MaxInt64, Requests: 2}},
	} {
		along := newLatencyAxis(latencies)
		sum, want := 0, 0
		for _, n := range along.count(latencies) {
			sum += n
		}
		for _, l := range latencies {
			want += l.Requests
			if x := along.at(l.Duration); x < 0 || x > 100 {
				t.Errorf("%s: %s stands at %v %%", name, l.Duration, x)
			}
		}
		if sum != want {
			t.Errorf("%s: %d requests in the bars, want %d", name, sum, want)
		}
		for bin := range along.bins {
			if along.edge(bin) > along.edge(bin+1) {
				t.Errorf("%s: bin %d ends before it begins", name, bin)
			}
		}
	}
}

func TestTablesAreSorted(t *testing.T) {
	type row struct {
		name  string
		value int
	}
	columns := []column[row]{
		{Name: "name", Title: "Name", Text: true, compare: by(func(r row) string { return r.name })},
		{Name: "value", Title: "Value", compare: by(func(r row) int { return r.value })},
	}
	for asked, want := range map[string]string{
		"": "[{b 2} {c 2} {a 1}]", "name": "[{a 1} {b 2} {c 2}]", "-name": "[{c 2} {b 2} {a 1}]", "value": "[{a 1} {b 2} {c 2}]", "nonsense": "[{b 2} {c 2} {a 1}]",
	} {
		rows := []row{{"b", 2}, {"a", 1}, {"c", 2}}
		p := place{"/x", map[string][]string{"sort": {asked}, "env": {"e"}}}
		headings := sorted(rows, columns, p, "sort", "-value")
		if got := fmt.Sprint(rows); got != want {
			t.Errorf("%q: %s, want %s", asked, got, want)
		}
		if asked == "value" && (headings[1].Sorted != "ascending" || headings[1].URL != "/x?env=e&sort=-value" || headings[0].URL != "/x?env=e&sort=name" || headings[0].Sorted != "") {
			t.Errorf("%+v", headings)
		}
	}
}
