package apm

import (
	"strings"
	"testing"
)

func TestWrite(t *testing.T) {
	trace := NewTrace(7, []Span{
		{SpanID: 1, Service: "api", Name: "http.request", Resource: "GET /", Start: 1, Duration: 9, Meta: map[string]string{"env": "test"}, Metrics: map[string]float64{"http.status_code": 200}},
		{SpanID: 2, ParentID: 1, Service: "db", Name: "sql.query", Resource: "SELECT\n\x1b[2J1", Start: 2, Duration: 1, Error: true,
			Meta: map[string]string{"error.type": "net.OpError", "error.message": "no\troute", "error.stack": "here"}},
		{SpanID: 3, ParentID: 1, Service: "db", Name: "sql.query", Start: 4, Duration: 1, Error: true},
		{SpanID: 4, ParentID: 99, Service: "late", Name: "job", Resource: strings.Repeat("x", 300), Start: 5, Duration: 1},
	})
	trace.Truncated = 5
	var out strings.Builder
	if err := trace.Write(&out, "> ", "env", "http.status_code"); err != nil {
		t.Fatal(err)
	}
	want := `> api · http.request · GET / · env:test · http.status_code:200
>   db · sql.query · SELECT  [2J1 · error net.OpError: no route
>   db · sql.query · error (without a stack)
> late · job · ` + strings.Repeat("x", 199) + `… · its parent is missing
> … and 5 spans more, as the trace is too large to be shown whole
`
	if out.String() != want {
		t.Errorf("writes\n%s\nwant\n%s", &out, want)
	}
}

func TestWriteOfADeepChainIsBounded(t *testing.T) {
	var out strings.Builder
	if err := chain(40_000).Write(&out, ""); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(out.String(), "\n… and 39,800 more spans\n") || out.Len() > 20_000 {
		t.Errorf("%d bytes, ending in %s", out.Len(), out.String()[max(0, out.Len()-80):])
	}
}

func TestOwnTags(t *testing.T) {
	trace := NewTrace(1, []Span{
		{SpanID: 1, Meta: map[string]string{"subject": "war", "http.url": "/", "env": "test"}},
		{SpanID: 2, Meta: map[string]string{"author": "x", "subject": "art"}, Metrics: map[string]float64{"attempt": 2, "_dd.top_level": 1}},
	})
	if got := strings.Join(trace.OwnTags(), " "); got != "attempt author subject" {
		t.Errorf("%s", got)
	}
}
