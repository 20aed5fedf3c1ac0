package apmtest

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm"
)

// The spans of a checkout that failed, in the wire's words.
const (
	pay     = `{"trace_id":7,"span_id":7,"service":"checkout","name":"http.request","resource":"POST /pay","start":1,"duration":900,"meta":{"http.status_code":"200","customer":"eve"}}`
	call    = `{"trace_id":7,"span_id":8,"parent_id":7,"service":"checkout","name":"http.request","resource":"POST /charge","start":2,"duration":700,"meta":{"http.status_code":"402"}}`
	charge  = `{"trace_id":7,"span_id":9,"parent_id":8,"service":"payments","name":"charge","resource":"charge","start":3,"duration":500,"error":1,"meta":{"error.type":"declined","error.message":"no\u001b[2Jfunds","error.stack":"here"}}`
	refund  = `{"trace_id":8,"span_id":1,"service":"refunds","name":"job","resource":"nightly","start":5,"duration":100}`
	orphan  = `{"trace_id":9,"span_id":2,"parent_id":1,"service":"payments","name":"charge","resource":"charge","start":9,"duration":5}`
	noTrace = `{"trace_id":0,"span_id":2}`
)

// send reports spans as a tracer does, in one payload.
func send(t *testing.T, a *Agent, spans ...string) {
	t.Helper()
	response, err := http.Post(a.URL()+"/v0.4/traces", "application/json", strings.NewReader("[["+strings.Join(spans, ",")+"]]"))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatal(response.Status)
	}
}

// A failing test remembers why it ended.
type failing struct {
	testing.TB
	message string
}

func (f *failing) Helper() {}

func (f *failing) Fatal(args ...any) {
	f.message = fmt.Sprint(args...)
	runtime.Goexit()
}

// failure is what RequireTrace says when it fails; nothing if it does not.
func failure(t *testing.T, a *Agent, conditions ...Condition) string {
	t.Helper()
	f := &failing{TB: t}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		(&Agent{Patience: time.Millisecond, t: f, agent: a.agent}).RequireTrace(conditions...)
	}()
	<-ended
	return f.message
}

func TestConditionsThatAreMet(t *testing.T) {
	a := Run(t)
	send(t, a, refund)
	send(t, a, charge, call, pay)
	for name, c := range map[string]struct {
		conditions []Condition
		want       uint64
	}{
		"none":               {nil, 8},
		"span":               {[]Condition{Span("service:checkout @http.status_code:402")}, 7},
		"no span":            {[]Condition{NoSpan("service:payments")}, 8},
		"child":              {[]Condition{Child("service:checkout", "service:payments")}, 7},
		"child of its like":  {[]Condition{Child("service:checkout", "service:checkout")}, 7},
		"number of spans":    {[]Condition{Spans(3)}, 7},
		"no errors":          {[]Condition{NoErrors()}, 8},
		"several of them":    {[]Condition{Span("@customer:eve"), Span("status:error"), Spans(3)}, 7},
		"from either branch": {[]Condition{Span("service:(refunds OR shop)"), Spans(1)}, 8},
	} {
		if trace := a.RequireTrace(c.conditions...); trace.ID != c.want {
			t.Errorf("%s: trace %d, want %d", name, trace.ID, c.want)
		}
	}
}

// It is a late span that completes the trace, and nobody has to sleep for it.
func TestLateSpans(t *testing.T) {
	a := Run(t)
	send(t, a, call, charge)
	entry := Span("resource_name:\"POST /pay\"")
	looked := false
	complete := Condition{name: "complete", unmet: func(trace apm.Trace) string {
		why := entry.unmet(trace)
		if why != "" && !looked {
			looked = true
			send(t, a, pay)
		}
		return why
	}}
	if trace := a.RequireTrace(complete); !looked || len(trace.Spans) != 3 {
		t.Errorf("looked %v, %d spans", looked, len(trace.Spans))
	}
}

func TestFailures(t *testing.T) {
	const tree = `    checkout · http.request · POST /pay · http.status_code:200 · customer:eve
      checkout · http.request · POST /charge · http.status_code:402
        payments · charge · charge · error declined: no [2Jfunds
`
	for name, c := range map[string]struct {
		condition Condition
		want      string
	}{
		"span":               {Span("service:shop"), `Span("service:shop"): no span matches`},
		"span, nearly":       {Span("service:checkout @http.status_code:500"), `Span("service:checkout @http.status_code:500"): no span matches; checkout · http.request · POST /pay does but for @http.status_code:500`},
		"span, too fast":     {Span("service:payments duration:>1s"), `Span("service:payments duration:>1s"): no span matches; payments · charge · charge does but for duration:>1s (it took 500 ns)`},
		"no span":            {NoSpan("service:payments"), `NoSpan("service:payments"): 1 span matches: payments · charge · charge`},
		"no spans":           {NoSpan("service:checkout"), `NoSpan("service:checkout"): 2 spans match, the first is checkout · http.request · POST /pay`},
		"child, no parent":   {Child("service:shop", "service:payments"), `Child("service:shop", "service:payments"): no span matches the parent's query`},
		"child, none":        {Child("service:checkout", "service:payments status:ok"), `Child("service:checkout", "service:payments status:ok"): no span matches the child's query; payments · charge · charge does but for status:ok`},
		"child, grandchild":  {Child("@customer:eve", "service:payments"), `Child("@customer:eve", "service:payments"): both are there, but payments · charge · charge hangs below checkout · http.request · POST /charge`},
		"child, upside down": {Child("service:payments", "@customer:eve"), `Child("service:payments", "@customer:eve"): both are there, but checkout · http.request · POST /pay hangs below none`},
		"number of spans":    {Spans(4), `Spans(4): it has 3 spans`},
		"no errors":          {NoErrors(), `NoErrors(): 1 span failed`},
	} {
		t.Run(name, func(t *testing.T) {
			a := Run(t)
			send(t, a, pay, call, charge)
			want := "no trace meets every condition within 1 ms; 1 trace arrived:\n\ntrace 7\n  ✗ " + c.want + "\n" + tree
			if got := failure(t, a, c.condition); got != strings.TrimSuffix(want, "\n") {
				t.Errorf("says\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// The nearest traces come first, and only of these is said what they lack.
func TestFailureOfSeveralTraces(t *testing.T) {
	a := Run(t)
	send(t, a, refund)
	send(t, a, pay, call)
	send(t, a, orphan)
	send(t, a, noTrace)
	got := failure(t, a, Span("service:checkout @customer:adam"), Child("*", "*"), Span("@http.url:*"))
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
		t.Errorf("says\n%s\nwant\n%s", got, want)
	}
}

func TestFailureWithoutATrace(t *testing.T) {
	got := failure(t, Run(t), NoErrors())
	want := "no trace arrived within 1 ms. Start the tracer after apmtest.Run, then stop it or flush its spans"
	if got != want {
		t.Errorf("says\n%s\nwant\n%s", got, want)
	}
}

func TestFailureOfManyTracesIsBounded(t *testing.T) {
	a := Run(t)
	var spans []string
	for id := range mostTraces + 5 {
		spans = append(spans, fmt.Sprintf(`{"trace_id":%d,"span_id":1,"service":"s","name":"n","duration":1}`, id+1))
	}
	send(t, a, spans...)
	got := failure(t, a, Spans(2))
	if !strings.HasSuffix(got, "\n\n… and 5 more traces, none of them closer") || strings.Count(got, "\ntrace ") != mostTraces {
		t.Errorf("says\n%s", got)
	}
}

func TestAQueryThatCannotBeReadFailsAtOnce(t *testing.T) {
	a := Run(t)
	send(t, a, pay)
	want := `Child("service:checkout", "@customer:"): at the end of the query: expected a value right after "@customer:"
    @customer:
              ^`
	if got := failure(t, a, Child("service:checkout", "@customer:")); got != want {
		t.Errorf("says\n%s\nwant\n%s", got, want)
	}
}

// The wait is the test's patience, or what is left of the test's own time.
func TestPatience(t *testing.T) {
	if got := (&Agent{Patience: time.Nanosecond, t: t}).patience(); got > time.Nanosecond {
		t.Errorf("%s", got)
	}
	deadline, limited := t.Deadline()
	if !limited {
		t.Skip("this run has no deadline")
	}
	left := time.Until(deadline)
	if got := (&Agent{Patience: 1000 * time.Hour, t: t}).patience(); got > left {
		t.Errorf("%s, but %s are left", got, left)
	}
}
