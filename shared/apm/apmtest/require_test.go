package apmtest_test

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm/agent"
	"thinker/shared/apm/apmtest"
)

// The spans of a checkout that failed, and others, as tracers send them.
const (
	pay = `{"trace_id":7,"span_id":7,"service":"checkout","name":"http.request","resource":"POST /pay",` +
		`"start":1,"duration":900,"meta":{"http.status_code":"200","customer":"eve"}}`
	call = `{"trace_id":7,"span_id":8,"parent_id":7,"service":"checkout","name":"http.request","resource":"POST ` +
		`/charge","start":2,"duration":700,"meta":{"http.status_code":"402"}}`
	charge = `{"trace_id":7,"span_id":9,"parent_id":8,"service":"payments","name":"charge","resource":"charge",` +
		`"start":3,"duration":500,"error":1,"meta":{"error.type":"declined","error.message":"no\u001b[2Jfunds",` +
		`"error.stack":"here"}}`
	refund = `{"trace_id":8,"span_id":1,"service":"refunds","name":"job","resource":"nightly","start":5,` +
		`"duration":100}`
	orphan = `{"trace_id":9,"span_id":2,"parent_id":1,"service":"payments","name":"charge","resource":"charge",` +
		`"start":9,"duration":5}`
	noTrace = `{"trace_id":0,"span_id":2}`
)

// run starts an agent, which RequireTrace may also use on behalf of a failing test.
func run(t *testing.T) *agent.Agent {
	t.Helper()
	running, err := agent.Start(agent.Config{Addr: "localhost:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = running.Close(t.Context()) })
	return running
}

// send sends spans in one payload.
func send(t *testing.T, a *agent.Agent, spans ...string) {
	t.Helper()
	payload := strings.NewReader("[[" + strings.Join(spans, ",") + "]]")
	response, err := http.Post(a.URL()+"/v0.4/traces", "application/json", payload)
	if err != nil {
		t.Error(err)
		return
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Error(response.Status)
	}
}

// A failing test records why it ended.
type failing struct {
	testing.TB
	message string
}

func (f *failing) Helper() {}

func (f *failing) Fatal(args ...any) {
	f.message = fmt.Sprint(args...)
	runtime.Goexit()
}

// failure returns the message with which RequireTrace fails, or "" if it doesn't.
func failure(t *testing.T, a *agent.Agent, conditions ...apmtest.Condition) string {
	t.Helper()
	f := &failing{TB: t}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		required := apmtest.Of(f, a)
		required.Timeout = time.Millisecond
		required.RequireTrace(conditions...)
	}()
	<-ended
	return f.message
}

func TestRequireTrace_Conditions(t *testing.T) {
	a := run(t)
	send(t, a, refund)
	send(t, a, charge, call, pay)
	for name, c := range map[string]struct {
		conditions []apmtest.Condition
		want       uint64
	}{
		"none":              {nil, 8},
		"span":              {[]apmtest.Condition{apmtest.Span("service:checkout @http.status_code:402")}, 7},
		"no span":           {[]apmtest.Condition{apmtest.NoSpan("service:payments")}, 8},
		"child":             {[]apmtest.Condition{apmtest.Child("service:checkout", "service:payments")}, 7},
		"child of its like": {[]apmtest.Condition{apmtest.Child("service:checkout", "service:checkout")}, 7},
		"number of spans":   {[]apmtest.Condition{apmtest.Spans(3)}, 7},
		"no errors":         {[]apmtest.Condition{apmtest.NoErrors()}, 8},
		"several of them": {[]apmtest.Condition{apmtest.Span("@customer:eve"), apmtest.Span("status:error"),
			apmtest.Spans(3)}, 7},
		"from either branch": {[]apmtest.Condition{apmtest.Span("service:(refunds OR shop)"), apmtest.Spans(1)}, 8},
	} {
		if trace := apmtest.Of(t, a).RequireTrace(c.conditions...); trace.ID != c.want {
			t.Errorf("%s: trace %d, want %d", name, trace.ID, c.want)
		}
	}
}

// RequireTrace sees a trace that a later span completes.
func TestRequireTrace_LateSpan(t *testing.T) {
	a := run(t)
	send(t, a, call, charge)
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		send(t, a, pay)
	}()
	if trace := apmtest.Of(t, a).RequireTrace(apmtest.Span("resource_name:\"POST /pay\"")); len(trace.Spans) != 3 {
		t.Errorf("%d spans", len(trace.Spans))
	}
	<-sent
}

func TestRequireTrace_Failure(t *testing.T) {
	const tree = `    checkout · http.request · POST /pay · http.status_code:200 · customer:eve
      checkout · http.request · POST /charge · http.status_code:402
        payments · charge · charge · error declined: no [2Jfunds
`
	for name, c := range map[string]struct {
		condition apmtest.Condition
		want      string
	}{
		"span": {apmtest.Span("service:shop"), `Span("service:shop"): no span matches`},
		"span, nearly": {apmtest.Span("service:checkout @http.status_code:500"),
			`Span("service:checkout @http.status_code:500"): no span matches; checkout · http.request · POST /pay ` +
				`does but for @http.status_code:500`},
		"span, too fast": {apmtest.Span("service:payments duration:>1s"),
			`Span("service:payments duration:>1s"): no span matches; payments · charge · charge does but for ` +
				`duration:>1s (it took 500 ns)`},
		"no span": {apmtest.NoSpan("service:payments"),
			`NoSpan("service:payments"): 1 span matches: payments · charge · charge`},
		"no spans": {apmtest.NoSpan("service:checkout"),
			`NoSpan("service:checkout"): 2 spans match, the first is checkout · http.request · POST /pay`},
		"child, no parent": {apmtest.Child("service:shop", "service:payments"),
			`Child("service:shop", "service:payments"): no span matches the parent's query`},
		"child, none": {apmtest.Child("service:checkout", "service:payments status:ok"),
			`Child("service:checkout", "service:payments status:ok"): no span matches the child's query; payments · ` +
				`charge · charge does but for status:ok`},
		"child, grandchild": {apmtest.Child("@customer:eve", "service:payments"),
			`Child("@customer:eve", "service:payments"): both are there, but payments · charge · charge hangs below ` +
				`checkout · http.request · POST /charge`},
		"child, upside down": {apmtest.Child("service:payments", "@customer:eve"),
			`Child("service:payments", "@customer:eve"): both are there, but checkout · http.request · POST /pay ` +
				`hangs below none`},
		"number of spans": {apmtest.Spans(4), `Spans(4): it has 3 spans`},
		"no errors":       {apmtest.NoErrors(), `NoErrors(): 1 span failed`},
	} {
		t.Run(name, func(t *testing.T) {
			a := run(t)
			send(t, a, pay, call, charge)
			want := "no trace meets every condition within 1 ms; 1 trace arrived:\n\ntrace 7\n  ✗ " + c.want + "\n" + tree
			if got := failure(t, a, c.condition); got != strings.TrimSuffix(want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// The nearest traces come first, and only these show their unmet conditions.
func TestRequireTrace_SeveralTraces(t *testing.T) {
	a := run(t)
	send(t, a, refund)
	send(t, a, pay, call)
	send(t, a, orphan)
	send(t, a, noTrace)
	got := failure(t, a, apmtest.Span("service:checkout @customer:adam"), apmtest.Child("*", "*"),
		apmtest.Span("@http.url:*"))
	want := `no trace meets every condition within 1 ms; 3 traces arrived:
the agent refused 1 payload or span: span without trace or span ID

trace 7
  ✗ Span("service:checkout @customer:adam"): no span matches; checkout · http.request · POST /pay does but for @customer:adam
  ✗ Span("@http.url:*"): no span matches
    checkout · http.request · POST /pay · http.status_code:200 · customer:eve
      checkout · http.request · POST /charge · http.status_code:402

trace 8
    refunds · job · nightly

trace 9
    payments · charge · charge · its parent is missing`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestRequireTrace_NoTrace(t *testing.T) {
	got := failure(t, run(t), apmtest.NoErrors())
	want := "no trace arrived within 1 ms. Start the tracer after apmtest.Run, then stop it or flush its spans"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestRequireTrace_ManyTraces(t *testing.T) {
	a := run(t)
	var spans []string
	for id := range 105 {
		spans = append(spans, fmt.Sprintf(`{"trace_id":%d,"span_id":1,"service":"s","name":"n","duration":1}`, id+1))
	}
	send(t, a, spans...)
	got := failure(t, a, apmtest.Spans(2))
	if !strings.HasSuffix(got, "\n\n… and 5 more traces, none of them closer") ||
		strings.Count(got, "\ntrace ") != 100 {
		t.Errorf("got\n%s", got)
	}
}

func TestRequireTrace_InvalidQuery(t *testing.T) {
	a := run(t)
	send(t, a, pay)
	want := `Child("service:checkout", "@customer:"): at the end of the query: expected a value right after "@customer:"
    @customer:
              ^`
	if got := failure(t, a, apmtest.Child("service:checkout", "@customer:")); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
