package web

import (
	"fmt"
	"testing"
	"thinker/shared/apm/internal/web/page"
)

func TestRateText(t *testing.T) {
	for perSecond, want := range map[float64]string{0: "0 req/s", 1e-5: "< 0.01 req/min", 1.0 / 900: "0.0667 req/min", 0.158: "9.48 req/min", 2: "2 req/s"} {
		if got := page.RateText(perSecond); got != want {
			t.Errorf("%v: %s, want %s", perSecond, got, want)
		}
	}
}

func TestARateHasNoMoreDigitsThanTell(t *testing.T) {
	for perSecond, want := range map[float64]string{0: "0 req/s", 1.0 / 900: "< 0.01 req/s", 0.0125: "0.0125 req/s", 2: "2 req/s"} {
		if got := page.Rate(perSecond).String(); got != want {
			t.Errorf("%v: %s, want %s", perSecond, got, want)
		}
	}
}

func TestTablesAreSorted(t *testing.T) {
	type row struct {
		name  string
		value int
	}
	columns := []page.Column[row]{
		{Name: "name", Title: "Name", Text: true, Compare: page.By(func(r row) string { return r.name })},
		{Name: "value", Title: "Value", Compare: page.By(func(r row) int { return r.value })},
	}
	for asked, want := range map[string]string{
		"": "[{b 2} {c 2} {a 1}]", "name": "[{a 1} {b 2} {c 2}]", "-name": "[{c 2} {b 2} {a 1}]", "value": "[{a 1} {b 2} {c 2}]", "nonsense": "[{b 2} {c 2} {a 1}]",
	} {
		rows := []row{{"b", 2}, {"a", 1}, {"c", 2}}
		p := page.URL{Path: "/x", Query: map[string][]string{"sort": {asked}, "env": {"e"}}}
		headings := page.Sort(rows, columns, p, "sort", "-value")
		if got := fmt.Sprint(rows); got != want {
			t.Errorf("%q: %s, want %s", asked, got, want)
		}
		if asked == "value" && (headings[1].Sorted != "ascending" || headings[1].URL != "/x?env=e&sort=-value" || headings[0].URL != "/x?env=e&sort=name" || headings[0].Sorted != "") {
			t.Errorf("%+v", headings)
		}
	}
}
