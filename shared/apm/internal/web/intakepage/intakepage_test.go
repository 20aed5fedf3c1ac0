package intakepage_test

import (
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm/api"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/webtest"
)

func TestIntake_Chain(t *testing.T) {
	site := webtest.New(t)
	for _, c := range []struct {
		name   string
		change func(*api.Intake, *stats.Retention)
		want   string // the problem; empty for none
	}{
		{"whole", func(*api.Intake, *stats.Retention) {}, ""},
		{"no requests", func(r *api.Intake, _ *stats.Retention) { *r = api.Intake{} },
			"No requests yet"},
		{"no spans", func(r *api.Intake, _ *stats.Retention) { r.Spans, r.Tracers = 0, nil },
			"No spans yet"},
		{"refused", func(r *api.Intake, _ *stats.Retention) {
			r.Losses = []api.Loss{{Reason: "malformed", Count: 2}}
		}, "Problem 2 requests or spans were refused. See Not stored"},
		{"clock ahead", func(r *api.Intake, _ *stats.Retention) { r.Tracers[0].ClockOffsetMost = 90 * time.Minute },
			"Problem The clock of thinker-api looks 1 h 30 min ahead"},
		{"clocks behind", func(r *api.Intake, _ *stats.Retention) {
			r.Tracers[0].ClockOffsetMost, r.Tracers[1].ClockOffsetMost = -9000*time.Hour, time.Minute
		}, "looks 375 days behind, as does one other tracer’s"},
		{"evicted", func(_ *api.Intake, k *stats.Retention) { k.EvictedTraces = 3 },
			"Problem Some traces were evicted or lost."},
		{"evicted by a service", func(_ *api.Intake, k *stats.Retention) {
			k.EvictedTraces, k.EvictedBy = 3, "storefront"
		}, "Most of the newer spans came from storefront."},
		{"damaged", func(_ *api.Intake, k *stats.Retention) { k.DamagedSpans = 3 },
			"A file of stored traces could not be read and was set aside."},
	} {
		t.Run(c.name, func(t *testing.T) {
			kept := &stats.Retention{}
			site.Store.Kept, site.Intake.Intake = kept, webtest.Report()
			report := &site.Intake.Intake
			report.Losses, report.Tracers[0].ClockOffsetMost = nil, 0
			c.change(report, kept)
			got := webtest.Text(site.Get("/intake").Body.String())
			if c.want == "" && strings.Contains(got, "Problem") || !strings.Contains(got, c.want) {
				t.Errorf("the page lacks %q in\n%s", c.want, got)
			}
		})
	}
}

func TestIntake_Details(t *testing.T) {
	site := webtest.New(t)
	intake := webtest.Report()
	intake.TracersForgotten = 2
	intake.Tracers[0].ClockOffset, intake.Tracers[0].ClockOffsetMost = 2*time.Second, -100*time.Hour
	intake.Refusals[0].ContentLength = nil
	intake.Refusals[0].FirstBytes = hex.EncodeToString([]byte("\x91\x91\x8a0123456789abcdef"))
	site.Intake.Intake = intake
	body := site.Get("/intake").Body.String()
	checkHas(t, body, "2 s ahead", "(was 4 days behind)", "2 older tracers are not shown",
		"no Content-Length · text/plain",
		"<pre>91 91 8a 30 31 32 33 34 35 36 37 38 39 61 62 63\n64 65 66</pre>")
}

// A sender may put markup into every text that it chooses.
func TestIntake_HostileSenders(t *testing.T) {
	const evil = `"'><script>alert(1)</script><img src=x onerror=alert(2)>{{.}}`
	site := webtest.New(t)
	site.Intake.Intake = api.Intake{
		Calls:   1,
		Tracers: []api.Tracer{{Service: evil, Language: evil, TracerVersion: evil, Format: evil, Env: evil, Version: evil}},
		Refusals: []api.Refusal{{
			Method: evil, Path: evil, Reason: evil, Detail: evil, ContentType: evil, ContentLength: new(int64(9)),
			Headers: map[string]string{"User-Agent": evil}, FirstBytes: hex.EncodeToString([]byte(evil)),
		}},
		Requests: []api.Request{{Method: evil, Path: evil, Service: evil, Language: evil, TracerVersion: evil}},
	}
	body := site.Get("/intake").Body.String()
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
	site := webtest.New(t)
	checkHas(t, site.Get("/intake").Body.String(), "No requests yet", "<code>curl http://localhost:5000/</code>",
		"DD_TRACE_AGENT_URL=http://localhost:8126")
	site.Intake.Intake = api.Intake{
		Calls: 1, Requests: []api.Request{{Method: "GET", Path: "/info", Status: 200}},
	}
	checkHas(t, site.Get("/intake").Body.String(),
		"No spans yet", "1 request has reached the agent", "must stop its tracer", "GET /info")
}

func TestIntake_JSON(t *testing.T) {
	site := webtest.New(t)
	site.Store.Kept = &stats.Retention{MaxSpans: 200_000, EvictedTraces: 1, EvictedSpans: 6}
	const empty = `{"since":"0001-01-01T00:00:00.000Z","payloads":0,"spans":0,"bytes":0,"calls":0,` +
		`"tracers":[],"tracers_forgotten":0,"losses":[{"reason":"trace evicted","count":1,` +
		`"advice":"It made room for newer traces. To store more, start the agent with a larger --max-spans or --max-bytes."}],` +
		`"refusals":[],"requests":[],"kept":{"traces":0,"spans":0,"max_spans":200000,"bytes":0,"max_bytes":0,` +
		`"oldest":0,"newest":0,"evicted_traces":1,"evicted_spans":6,"damaged_spans":0},` +
		`"chain":[{"holds":false,"says":"No request has reached the agent.",` +
		`"do":"Start a service whose tracer sends to this agent, and send the service a request."}]}` + "\n"
	if body := site.Get("/api/intake").Body.String(); body != empty {
		t.Errorf("got  %swant %s", body, empty)
	}
}

func TestIntake_OtherHosts(t *testing.T) {
	site := webtest.New(t)
	for _, path := range []string{"/intake", "/api/intake", "/api/events?kind=intake"} {
		if r := site.Do(http.MethodGet, path, "Host", "example.com"); r.Code != http.StatusForbidden {
			t.Errorf("%s: status %d", path, r.Code)
		}
	}
}

func checkHas(t *testing.T, body string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}
