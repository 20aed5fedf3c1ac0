package web_test

import (
	"strings"
	"testing"
	"time"

	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/store"
)

// retainingStore is a store that reports another retention.
type retainingStore struct {
	*store.Store
	retention stats.Retention
}

func (s retainingStore) Retention() stats.Retention { return s.retention }

func TestIntake_Chain(t *testing.T) {
	traces := newStore(t, nil)
	for _, c := range []struct {
		name   string
		change func(*stats.IntakeReport, *stats.Retention)
		want   string // the problem; empty for none
	}{
		{"whole", func(*stats.IntakeReport, *stats.Retention) {}, ""},
		{"no requests", func(r *stats.IntakeReport, _ *stats.Retention) { *r = stats.IntakeReport{} },
			"No requests yet"},
		{"no spans", func(r *stats.IntakeReport, _ *stats.Retention) { r.Spans, r.Tracers = 0, nil },
			"No spans yet"},
		{"refused", func(r *stats.IntakeReport, _ *stats.Retention) {
			r.Losses = []stats.Loss{{Reason: "malformed", Count: 2}}
		}, "Problem 2 requests or spans were refused. See Not stored"},
		{"clock ahead", func(r *stats.IntakeReport, _ *stats.Retention) { r.Tracers[0].ClockMost = 90 * time.Minute },
			"Problem The clock of thinker-api looks 1 h 30 min ahead"},
		{"clocks behind", func(r *stats.IntakeReport, _ *stats.Retention) {
			r.Tracers[0].ClockMost, r.Tracers[1].ClockMost = -9000*time.Hour, time.Minute
		}, "looks 375 days behind, as does one other tracer’s"},
		{"evicted", func(_ *stats.IntakeReport, k *stats.Retention) { k.EvictedTraces = 3 },
			"Problem Some traces were evicted or lost."},
		{"evicted by a service", func(_ *stats.IntakeReport, k *stats.Retention) {
			k.EvictedTraces, k.EvictedBy = 3, "storefront"
		}, "Most of the newer spans came from storefront."},
		{"damaged", func(_ *stats.IntakeReport, k *stats.Retention) { k.DamagedSpans = 3 },
			"A file of stored traces could not be read and was set aside."},
	} {
		t.Run(c.name, func(t *testing.T) {
			intake, kept := report(), stats.Retention{}
			intake.Losses, intake.Tracers[0].ClockMost = nil, 0
			c.change(&intake.IntakeReport, &kept)
			_, got := pageText(pagesOf(t, retainingStore{traces, kept}, intake), "/intake")
			if c.want == "" && strings.Contains(got, "Problem") || !strings.Contains(got, c.want) {
				t.Errorf("the page lacks %q in\n%s", c.want, got)
			}
		})
	}
}

func TestIntake_Details(t *testing.T) {
	intake := report()
	intake.Forgotten = 2
	intake.Tracers[0].Clock, intake.Tracers[0].ClockMost = 2*time.Second, -100*time.Hour
	intake.Refusals[0].Length, intake.Refusals[0].First = -1, []byte("\x91\x91\x8a0123456789abcdef")
	body := request(pagesOf(t, newStore(t, nil), intake), "/intake").Body.String()
	checkHas(t, body, "2 s ahead", "(was 4 days behind)", "2 older tracers are not shown",
		"no Content-Length · text/plain",
		"<pre>91 91 8a 30 31 32 33 34 35 36 37 38 39 61 62 63\n64 65 66</pre>")
}

// A sender may put markup into every text that it chooses.
func TestIntake_HostileSenders(t *testing.T) {
	const evil = `"'><script>alert(1)</script><img src=x onerror=alert(2)>{{.}}`
	id := stats.TracerID{Service: evil, Language: evil, Library: evil, Format: evil, Env: evil, Version: evil}
	intake := intakeReport{stats.IntakeReport{
		Calls:   1,
		Tracers: []stats.Tracer{{TracerID: id}},
		Refusals: []stats.Refusal{{Method: evil, Path: evil, Reason: evil, Detail: evil, ContentType: evil, Length: 9,
			Headers: map[string]string{"User-Agent": evil}, First: []byte(evil)}},
		Requests: []stats.Request{{Method: evil, Path: evil, Tracer: id}},
	}}
	body := request(pagesOf(t, newStore(t, nil), intake), "/intake").Body.String()
	for _, unwanted := range []string{"<script>", "<img", "style=", " onerror=\""} {
		if strings.Contains(body, unwanted) {
			t.Errorf("the page contains %s", unwanted)
		}
	}
	if strings.Count(body, "&lt;script&gt;") < 15 {
		t.Error("the page lacks what was sent")
	}
}

func TestIntake_Empty(t *testing.T) {
	empty := request(pagesOf(t, newStore(t, nil), intakeReport{}), "/intake").Body.String()
	checkHas(t, empty, "No requests yet", "<code>curl http://localhost:5000/</code>",
		"DD_TRACE_AGENT_URL=http://localhost:8126")
	info := intakeReport{stats.IntakeReport{Calls: 1, Requests: []stats.Request{{Method: "GET", Path: "/info", Status: 200}}}}
	checkHas(t, request(pagesOf(t, newStore(t, nil), info), "/intake").Body.String(),
		"No spans yet", "1 request has reached the agent", "must stop its tracer", "GET /info")
}

func checkHas(t *testing.T, body string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}
