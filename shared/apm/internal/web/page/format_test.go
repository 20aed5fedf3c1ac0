package page_test

import (
	"fmt"
	"math"
	"testing"

	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/page"
)

func TestRateText(t *testing.T) {
	for perSecond, want := range map[float64]string{
		0: "0 req/s", 1e-5: "< 0.01 req/min", 1.0 / 900: "0.0667 req/min", 0.158: "9.48 req/min", 2: "2 req/s",
	} {
		if got := page.RateText(perSecond); got != want {
			t.Errorf("%v: %s, want %s", perSecond, got, want)
		}
	}
}

func TestRate(t *testing.T) {
	for perSecond, want := range map[float64]string{
		0: "0 req/s", 1.0 / 900: "< 0.01 req/s", 0.0125: "0.0125 req/s", 2: "2 req/s",
	} {
		if got := page.Rate(perSecond).String(); got != want {
			t.Errorf("%v: %s, want %s", perSecond, got, want)
		}
	}
}

func TestSort(t *testing.T) {
	type row struct {
		name  string
		value int
	}
	columns := []page.Column[row]{
		page.NewColumn("name", "Name", "", func(r row) string { return r.name }),
		page.NewColumn("value", "Value", "", func(r row) int { return r.value }),
	}
	for asked, want := range map[string]string{
		"": "[{b 2} {c 2} {a 1}]", "nonsense": "[{b 2} {c 2} {a 1}]", "value": "[{a 1} {b 2} {c 2}]",
		"name": "[{a 1} {b 2} {c 2}]", "-name": "[{c 2} {b 2} {a 1}]",
	} {
		rows := []row{{"b", 2}, {"a", 1}, {"c", 2}}
		p := page.URL{Path: "/x", Query: map[string][]string{"sort": {asked}, "env": {"e"}}}
		headings := page.Sort(rows, columns, p, "sort", "-value")
		if got := fmt.Sprint(rows); got != want {
			t.Errorf("%q: %s, want %s", asked, got, want)
		}
		name, value := headings[0], headings[1]
		if asked == "value" && (value.Sorted != "ascending" || value.URL != "/x?env=e&sort=-value" ||
			name.URL != "/x?env=e&sort=name" || name.Sorted != "") {
			t.Errorf("%+v", headings)
		}
	}
}

func TestPercentages_AddUp(t *testing.T) {
	for _, shares := range [][]float64{
		{100.0 / 3, 100.0 / 3, 100.0 / 3}, {99.96, 0.02, 0.02}, {100}, {}, {0, 0}, {12.34, 56.78, 30.88},
	} {
		var want, sum float64
		for _, s := range shares {
			want += s
		}
		for _, text := range page.Percentages(shares) {
			var value float64
			if _, err := fmt.Sscan(text, &value); err != nil {
				t.Fatal(err)
			}
			sum += value
		}
		if math.Abs(sum-want) > 0.01 {
			t.Errorf("%v: written as %v, which adds up to %v", shares, page.Percentages(shares), sum)
		}
	}
}

func TestFrame_StoredText(t *testing.T) {
	kept := stats.Retention{Traces: 1, Spans: 7, MaxSpans: 2_000_000, Bytes: 5 << 20, MaxBytes: 1 << 30}
	f := page.Frame{Kept: kept}
	const want = "1 trace, 7 spans, 5 MiB (limit 2,000,000 spans, 1,024 MiB)"
	if got := f.StoredText() + " (" + f.LimitText() + ")"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
