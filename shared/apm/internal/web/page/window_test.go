package page_test

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/internal/webtest"
	"thinker/shared/apm/query"
)

// at returns a trace of one request to a service, some time ago.
func at(id uint64, ago time.Duration, service, env string) apm.Trace {
	return apm.NewTrace(id, []apm.Span{{
		TraceID: id, SpanID: 1, Service: service, Name: "http.request", Resource: "GET /", Type: "web",
		Start: time.Now().Add(-ago).UnixNano(), Duration: 20 * time.Millisecond,
		Meta: map[string]string{"env": env}, Metrics: map[string]float64{"_dd.top_level": 1},
	}})
}

func TestSettle_UsualRange(t *testing.T) {
	const year = 365 * 24 * time.Hour
	for name, test := range map[string]struct {
		ago  []time.Duration
		want string
	}{
		"nothing":                      {nil, "all"},
		"a minute ago":                 {[]time.Duration{time.Minute}, "15m"},
		"a minute and a day ago":       {[]time.Duration{24 * time.Hour, time.Minute}, "15m"},
		"half an hour ago":             {[]time.Duration{30 * time.Minute}, "1h"},
		"three hours ago":              {[]time.Duration{3 * time.Hour}, "4h"},
		"a clock that is years behind": {[]time.Duration{9 * year}, "all"},
		"a clock that is ahead":        {[]time.Duration{-5 * time.Hour}, "15m"},
	} {
		var list []apm.Trace
		for i, ago := range test.ago {
			list = append(list, at(uint64(i+1), ago, "api", "test"))
		}
		s := webtest.New(t, list...)
		win, err := s.Settle(context.Background(), page.Window{}, query.Query{}, query.ServiceEntrySpans)
		if err != nil || win.Range != test.want {
			t.Errorf("%s: opens on %q, want %q (%v)", name, win.Range, test.want, err)
		}
		if len(list) > 0 {
			newest := list[len(list)-1].Start()
			if newest < win.From || newest >= win.To {
				t.Errorf("%s: the newest is not in the window", name)
			}
		}
		if win.From+int64(win.Buckets())*win.Step != win.To || win.Buckets() > 62 {
			t.Errorf("%s: %d steps of %d from %d are not %d", name, win.Buckets(), win.Step, win.From, win.To)
		}
	}
}

func TestWindow_Chosen(t *testing.T) {
	s := webtest.New(t, at(1, 2*time.Hour, "api", "test"))
	for parameters, want := range map[string]string{
		"":                          "Past 4 h",
		"range=15m":                 "No requests in this time range",
		"range=1h":                  "No requests in this time range",
		"range=all":                 ">api<",
		"env=test":                  ">api<",
		"env=prod":                  "in the environment <code>prod</code>",
		"from=1970-01-01T00:00:00Z": ">api<",
		"from=1970-01-01T00:00&to=1971-01-01T00:00": "No requests in this time range",
		"to=1": "No requests in this time range",
	} {
		rec := s.Get("/services?" + parameters)
		if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), want) {
			t.Errorf("%s: %d, and lacks %q", parameters, rec.Code, want)
		}
	}
	for _, bad := range []string{"range=week", "from=noon", "to=noon", "from=5&to=5", "from=6&to=5"} {
		if rec := s.Get("/services?" + bad); rec.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", bad, rec.Code)
		}
	}
}

// TestWindow_AnyTime asks for extreme times.
func TestWindow_AnyTime(t *testing.T) {
	s := webtest.New(t, at(1, time.Minute, "api", "test"))
	times := []int64{math.MinInt64, math.MinInt64 + 1, -1, 1, 1_700_000_000_000_000_000, math.MaxInt64 - 1, math.MaxInt64}
	var windows []string
	for i, from := range times {
		windows = append(windows, fmt.Sprintf("from=%d", from), fmt.Sprintf("to=%d", from))
		for _, to := range times[i+1:] {
			windows = append(windows, fmt.Sprintf("from=%d&to=%d", from, to))
		}
	}
	for _, chosen := range windows {
		for _, data := range []string{"/services?", "/service?service=api&", "/traces?",
			"/resource?service=api&resource=GET+/&latency=Distribution&"} {
			if rec := s.Get(data + chosen); rec.Code != http.StatusOK || rec.Body.Len() > 200_000 {
				t.Errorf("%s%s: %d, %d bytes", data, chosen, rec.Code, rec.Body.Len())
			}
		}
	}
}

func TestFrame_EarlierURL(t *testing.T) {
	older, newer := at(1, 2*time.Hour, "api", "test"), at(2, time.Minute, "api", "test")
	s := webtest.New(t, older, newer)
	text := func(path string) string { return webtest.Text(s.Get(path).Body.String()) }
	for _, path := range []string{"/services?sort=p95", "/service?service=api",
		"/resource?service=api&resource=GET+/", "/map?env=test"} {
		address := strings.Replace(path, "?", "?range=all&", 1)
		said := text(path)
		if !strings.Contains(said, "Older requests exist: show all time") {
			t.Errorf("%s: %s", path, said)
		}
		for _, chosen := range []string{address, strings.Replace(address, "all", "15m", 1)} {
			if strings.Contains(text(chosen), "Older requests") {
				t.Errorf("%s: the reader chose the time", chosen)
			}
		}
	}
	s.Store.Kept = &stats.Retention{Traces: 2, Oldest: newer.Start()}
	if strings.Contains(text("/services"), "Older requests") {
		t.Error("older requests, but there are none")
	}
}

func TestURL_KeepsWindow(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/service?service=a&env=test&range=1h&sort=-p95&before=7", nil)
	p := page.URLOf(r)
	for got, want := range map[string]string{
		p.To("/traces"): "/traces?env=test&range=1h",
		p.To("/service", "service", "b&c", "x", ""): "/service?env=test&range=1h&service=b%26c",
		p.With():                           "/service?env=test&range=1h&service=a&sort=-p95",
		p.With("range", "", "sort", "p50"): "/service?env=test&service=a&sort=p50",
		page.URLOf(httptest.NewRequest(http.MethodGet, "/", nil)).To("/map"): "/map",
		fmt.Sprint(p.Kept("env", "range")):                                   "[{service a} {sort -p95}]",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestMenus_Title(t *testing.T) {
	s := webtest.New(t, at(1, time.Minute, "api", "test"))
	for parameters, want := range map[string]string{
		"range=1h": "Past 1 h", "range=all": "All time",
		"from=2026-03-01T18:45:00Z&to=2026-03-01T19:07:00Z": "Mar 01 18:45 UTC – Mar 01 19:07 UTC (22 min)",
		"from=2026-03-01T18:45:00Z&to=2026-03-11T18:45:00Z": "Mar 01 18:45 UTC – Mar 11 18:45 UTC (10 days)",
		"from=2026-03-01T18:45:00Z":                         "Since Mar 01 18:45 UTC",
		"to=2026-03-01T18:45:00Z":                           "Until Mar 01 18:45 UTC",
	} {
		body := s.Get("/traces?" + parameters).Body.String()
		titles := regexp.MustCompile(`<summary>(.*)</summary>\s*<div>\s*<ul>`).FindStringSubmatch(body)
		if titles == nil || regexp.MustCompile(`<[^>]*>`).ReplaceAllString(titles[1], "") != want {
			t.Errorf("%s: the menu says %q, want %q", parameters, titles, want)
		}
	}
}

func TestMenus_Envs(t *testing.T) {
	s := webtest.New(t, at(1, time.Minute, "api", "test"), at(2, time.Minute, "api", "<b>"))
	body := s.Get("/services?env=gone&sort=p95").Body.String()
	for _, want := range []string{
		`<a href="/services?env=test&amp;sort=p95"><bdi>test</bdi>`, `&lt;b&gt;`, `aria-current="true"><bdi>gone</bdi>`,
		`<a href="/services?env=gone&amp;range=1h&amp;sort=p95">Past 1 h`, `<input type="hidden" name="sort" value="p95">`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the menus lack %s", want)
		}
	}
}
