package pages

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/agent"
	"thinker/shared/apm/guest"
	"thinker/shared/apm/tracegen"
	"thinker/shared/workshop/client"
	"thinker/shared/workshop/runner"
	workshop "thinker/shared/workshop/site"
)

// A site is an agent in this process, with spans in memory.
type site struct {
	t      testing.TB
	agent  *agent.Agent
	origin string
	spans  []apm.Span // as they were sent
}

// serve starts an agent and sends spans to its intake.
func serve(t testing.TB, spans []apm.Span) *site {
	t.Helper()
	root, err := runner.FindRoot(".")
	if err != nil {
		t.Fatal(err)
	}
	running, err := agent.Start(agent.Config{Addr: "localhost:0", Try: "curl localhost:5000/think/?subject=war",
		Guests: func(a *agent.Agent) []guest.Guest {
			return []guest.Guest{workshop.New(workshop.Config{Root: root, Workshop: asleep{}, Traces: a.Store(),
				Palette: a.Palette(), Client: &client.Client{}})}
		}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// Tabs may hold event streams open until they are closed.
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = running.Close(ctx)
	})
	s := &site{t: t, agent: running, origin: running.URL(), spans: spans}
	s.send(spans)
	return s
}

// asleep is a workshop in which nothing runs.
type asleep struct{}

func (asleep) State() runner.State {
	return runner.State{Target: runner.Target{Step: 4}, Phase: runner.Building}
}
func (asleep) Changed(context.Context) <-chan struct{} { return nil }
func (asleep) Run(runner.Target)                       {}

// send sends spans in payloads of the size that tracers send, so that the Intake page has
// several.
func (s *site) send(spans []apm.Span) {
	s.t.Helper()
	for payload := range slices.Chunk(spans, 2000) {
		if err := tracegen.Send(s.t.Context(), s.origin, payload); err != nil {
			s.t.Fatal(err)
		}
	}
}

// find returns a sent span that passes a test.
func (s *site) find(what string, is func(apm.Span) bool) apm.Span {
	s.t.Helper()
	at := slices.IndexFunc(s.spans, is)
	if at < 0 {
		s.t.Fatalf("no span was sent with: %s", what)
	}
	return s.spans[at]
}

// A target is a page to check. Its name is also that of its screenshot.
type target struct {
	name, path string
	shows      []string // texts on the page, with and without scripts
}

// large reports whether a page has thousands of rows.
func (t target) large() bool { return strings.HasSuffix(t.name, "-large") }

// trace returns the path of a span's trace, and chosen that of the span in its trace.
func trace(s apm.Span) string { return fmt.Sprintf("/trace/%d", s.TraceID) }

func chosen(s apm.Span) string { return fmt.Sprintf("/trace/%d?span=%d", s.TraceID, s.SpanID) }

// busySite returns a site with a busy system's traces.
func busySite(t testing.TB) *site {
	t.Helper()
	now := time.Now()
	spans := append(tracegen.Large(40_000, now.Add(-time.Minute)), tracegen.Traces(1, 400, now)...)
	s := serve(t, spans)
	// So that the Intake page has a refusal.
	answer, err := http.Post(s.origin+"/v0.4/traces", "application/json", bytes.NewReader([]byte("no JSON")))
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close() // the page shows the refusal
	return s
}

// wrongQuery is invalid.
const wrongQuery = "service:(a"

// targets returns all pages. A new page needs a line here.
func (s *site) targets() []target {
	checkout := s.find("a checkout", func(p apm.Span) bool { return p.Resource == "POST /checkout" && !p.Error })
	failed := s.find("an error", func(p apm.Span) bool { return p.Error && p.ErrorStack() != "" && p.ParentID != 0 })
	query := s.find("a long statement", func(p apm.Span) bool { return p.Type == "sql" && len(p.Resource) > 2000 })
	linked := s.find("a link", func(p apm.Span) bool { return len(p.Links) > 0 })
	hours := s.find("hours", func(p apm.Span) bool { return p.Duration > time.Hour })
	orphan := s.find("an orphan", s.orphaned())
	return []target{
		{"services", "/services", []string{"storefront", "pricing", "Apdex"}},
		{"services-staging", "/services?env=staging&range=1h", []string{"storefront"}},
		{"services-none", "/services?filter=nobody", []string{"No service name contains this"}},
		{"service", "/service?service=storefront", []string{"storefront", "GET /product/{name}", "Resources"}},
		{"service-versions", "/service?service=pricing&range=1h", []string{"1.18.2", "1.19.0", "Deployments"}},
		{"service-database", "/service?service=catalogue-db&env=production",
			[]string{"SELECT * FROM product WHERE id = ?"}},
		{"resource", "/resource?service=pricing&resource=POST+%2Fprices&range=1h",
			[]string{"POST /prices", "Span summary"}},
		{"traces", "/traces", []string{"storefront", "POST /checkout", "Older traces"}},
		{"traces-found", "/traces?query=status%3Aerror", []string{"Error"}},
		{"traces-none", "/traces?query=service%3Anobody", []string{"No traces match", "service:nobody"}},
		{"traces-wrong", "/traces?query=" + url.QueryEscape(wrongQuery), []string{"Error", wrongQuery}},
		{"trace", trace(checkout), []string{"POST /checkout", "storefront", "payments", "POST /charge"}},
		{"trace-chosen", chosen(checkout), []string{"POST /checkout", "usr.id", "runtime-id"}},
		{"trace-error", chosen(failed), []string{failed.ErrorMessage(), failed.ErrorType()}},
		{"trace-sql", chosen(query), []string{"WITH sales AS"}},
		{"trace-linked", chosen(linked), []string{"produced-by", fmt.Sprint(linked.Links[0].SpanID)}},
		{"trace-hours", trace(hours), []string{hours.Service}},
		{"trace-orphan", chosen(orphan), []string{"has not arrived", orphan.Service}},
		{"trace-large", fmt.Sprintf("/trace/%d", tracegen.LargeID), []string{"importer", "40,000 spans"}},
		{"trace-missing", "/trace/1", []string{"This trace has not arrived"}},
		{"compare-versions", "/compare?service=payments",
			[]string{"Compare versions", "Latency distribution", "Avg exec time per request by service"}},
		{"compare-versions-none", "/compare?service=storefront", []string{"Only one version found"}},
		{"compare-traces", fmt.Sprintf("/compare/traces?a=%d&b=%d", checkout.TraceID, failed.TraceID),
			[]string{"Compare two traces", "POST /checkout", "Exec time by service", "only in A"}},
		{"compare-traces-large", fmt.Sprintf("/compare/traces?a=%d&b=%d&fold=no", tracegen.LargeID, checkout.TraceID),
			[]string{"importer", "more rows are not shown"}},
		{"compare-traces-choose", fmt.Sprintf("/compare/traces?a=%d", checkout.TraceID),
			[]string{"Compare A with another trace of POST /checkout"}},
		{"map", "/map", []string{"Service Map", "storefront", "payments", "As a table"}},
		{"intake", "/intake", []string{"Tracers", "storefront", "Refused"}},
		{"workshop", "/workshop", []string{"Step 4: SQLite store", "is building", "Checklist"}},
		{"workshop-other", "/workshop/2",
			[]string{"Step 2: manual headers", "Run step 2 (original code)",
				"To send this step’s requests, start its code"}},
		{"api", "/api", []string{"/api/traces", "problem details"}},
		{"nowhere", "/nowhere", []string{"There is no page at /nowhere."}},
	}
}

// orphaned returns a test for spans whose parent wasn't sent.
func (s *site) orphaned() func(apm.Span) bool {
	type id struct{ trace, span uint64 }
	sent := map[id]bool{}
	for _, span := range s.spans {
		sent[id{span.TraceID, span.SpanID}] = true
	}
	return func(span apm.Span) bool { return span.ParentID != 0 && !sent[id{span.TraceID, span.ParentID}] }
}
