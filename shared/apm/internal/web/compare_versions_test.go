package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/internal/stats"
)

// released are thirty requests in each of two versions, of which the second asks
// its database, and fails now and then; and one in a version that came before.
func released() (list []apm.Trace) {
	for i := range uint64(30) {
		list = append(list, thought(200+i, "step03", 500, 0), thought(300+i, "step04", 8, 2))
	}
	for i := range 3 {
		list[20*i+1].Spans[0].Error = true
	}
	return append(list, thought(100, "step02", 501, 0))
}

func TestTwoVersionsAreCompared(t *testing.T) {
	w, _ := newTest(released()...)
	const of = "/compare?service=thinker-api&resource=GET+%2Fthink%2F&operation=http.request&env=workshop"
	for _, c := range []struct {
		name, path    string
		wants, misses []string
	}{
		{"the latest two", of, []string{
			"p50 502 ms → 12 ms (41.8 × faster), p95 502 ms → 12 ms, avg 502 ms → 12 ms (41.8 × faster), error rate 0 % → 10 %",
			"First seen Nov 14 22:16:40.000 UTC Nov 14 22:18:20.000 UTC", "A step03 B step04 Difference Change",
			"Requests 30 30 0", "Requests per second 1.03 req/s 1.03 req/s 0", "Errors 0 3 +3", "Error rate 0 % 10 % +10 % points",
			"Avg 502 ms 12 ms −490 ms 41.8 × faster p50 502 ms 12 ms −490 ms 41.8 × faster p75 502 ms 12 ms −490 ms 41.8 × faster p90 502 ms 12 ms −490 ms too few requests",
			"thinker-microservice 500 ms 99.6 % 8 ms 66.7 % −492 ms", "sqlite.db 0 0.0 % 2 ms 16.6 % +2 ms",
			"thinker-microservice think 1 1 500 ms 8 ms −492 ms faster", "sqlite.db sqlite.query SELECT quote – 1 – 2 ms +2 ms only in B",
			"Averages for A from 30 requests, for B from 30 requests.",
		}, []string{"mean much", "No requests to version", "same version"}},
		{"the other way round", of + "&a=step04&b=step03", []string{"(41.8 × slower)", "error rate 10 % → 0 %", "2 ms – −2 ms only in A"}, nil},
		{"with the one before", of + "&b=step03", []string{"A step02 B step03", "A has only 1 request: too few for these figures to mean much.", "p50 unchanged (502 ms), p95 unchanged (502 ms), avg unchanged (502 ms), no errors", "Avg 503 ms 502 ms −1 ms p50"}, []string{"too few requests"}},
		{"with the latest", of + "&a=step02", []string{"A step02 B step04"}, nil},
		{"nothing before the first", of + "&b=step02", []string{"A step04 B step02"}, nil},
		{"all of the service", "/compare?service=thinker-microservice", []string{"A step03 B step04", "Compare versions: thinker-microservice Swap"}, nil},
		{"none of one", of + "&a=v9&b=step04", []string{"No requests to version v9 in this time range."}, []string{"Figures"}},
		{"itself", of + "&a=step04&b=step04", []string{"A and B are the same version.", "p50 unchanged (12 ms)", "error rate unchanged (10 %)"}, nil},
		{"a time without any", of + "&from=1&to=2", []string{"No requests to version step03", "No requests to version step04"}, []string{"Figures"}},
		{"one version", "/compare?service=sqlite.db", []string{"Only one version found", "All requests went to version step04 ."}, nil},
		{"no version", "/compare?service=nobody", []string{"No versions found", "DD_VERSION=1.0", "Back to the service"}, nil},
	} {
		says(t, w, c.name, c.path, c.wants, c.misses)
	}
	body := get(w, of).Body.String()
	for _, want := range []string{
		`<td class="num">0 <span class="unit"></span></td><td class="num error">3`,
		`href="/compare?a=step04&amp;b=step03&amp;env=workshop`, `href="/compare?a=step02&amp;b=step04&amp;env=workshop`,
		`href="/resource?env=workshop&amp;operation=http.request&amp;resource=GET`, `version%3Astep04`, "<title>B, 11.5 ms – 12.5 ms: 30 requests", "Deployment Tracking",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if rec := get(w, "/compare"); rec.Code != http.StatusBadRequest || !strings.Contains(rec.Body.String(), "names no service") {
		t.Errorf("no service: %d", rec.Code)
	}
}

// The page opens on a time in which there are requests to both versions.
func TestTheTimeOfTwoVersionsIsFound(t *testing.T) {
	now := time.Now().UnixNano()
	old, recent := thought(1, "v1", 500, 0), thought(2, "v2", 5, 0)
	for i := range old.Spans {
		old.Spans[i].Start, recent.Spans[i].Start = now-int64(2*time.Hour), now-int64(time.Minute)
	}
	w, _ := newTest(old, recent)
	if _, text := page(w, "/compare?service=thinker-api"); !strings.Contains(text, "Requests 1 1 0") || strings.Contains(text, "faster)") {
		t.Error(text)
	}
	if _, text := page(w, "/compare?service=thinker-api&range=15m"); !strings.Contains(text, "No requests to version v1 in this time range.") {
		t.Error(text)
	}
}

func TestWhatIsLeftOutIsNotSaidToBeGone(t *testing.T) {
	k := kindCompared{inA: true}
	if got := k.mark(false, false); got != "only in A" {
		t.Error(got)
	}
	if got := k.mark(false, true); got != "" {
		t.Errorf("%s, though B has more kinds of spans than are known", got)
	}
}

func TestFewKindsOfSpansAreListedAtFirst(t *testing.T) {
	w, _ := newTest()
	var a stats.Anatomy
	for i := range 50 {
		a.Spans = append(a.Spans, stats.SpanSummary{Service: "s", Name: "n", Resource: strings.Repeat("r", i), Spans: 1, Exec: time.Duration(i)})
	}
	rows, unlisted := w.kindsCompared(a, stats.Anatomy{}, false)
	if len(rows) != fewSpans || rows[0].a != 49 || unlisted != 30 {
		t.Errorf("%d rows, %d more", len(rows), unlisted)
	}
	if rows, unlisted = w.kindsCompared(a, stats.Anatomy{}, true); len(rows) != 50 || unlisted != 0 {
		t.Errorf("%d rows, %d more", len(rows), unlisted)
	}
}
