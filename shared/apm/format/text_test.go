package format_test

import (
	"strings"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
)

func TestWrite(t *testing.T) {
	trace := apm.NewTrace(7, []apm.Span{
		{SpanID: 1, Service: "api", Name: "http.request", Resource: "GET /", Start: 1, Duration: 9, Meta: map[string]string{"env": "test"}, Metrics: map[string]float64{"http.status_code": 200}},
		{SpanID: 2, ParentID: 1, Service: "db", Name: "sql.query", Resource: "SELECT\n\x1b[2J1", Start: 2, Duration: 1, Error: true,
			Meta: map[string]string{"error.type": "net.OpError", "error.message": "no\troute", "error.stack": "here"}},
		{SpanID: 3, ParentID: 1, Service: "db", Name: "sql.query", Start: 4, Duration: 1, Error: true},
		{SpanID: 4, ParentID: 99, Service: "late", Name: "job", Resource: strings.Repeat("x", 300), Start: 5, Duration: 1},
	})
	trace.Truncated = 5
	var out strings.Builder
	if err := format.WriteTrace(&out, trace, "> ", "env", "http.status_code"); err != nil {
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
	if err := format.WriteTrace(&out, chain(40_000), ""); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(out.String(), "\n… and 39,800 more spans\n") || out.Len() > 20_000 {
		t.Errorf("%d bytes, ending in %s", out.Len(), out.String()[max(0, out.Len()-80):])
	}
}

func chain(n int) apm.Trace {
	spans := make([]apm.Span, n)
	for i := range spans {
		spans[i] = apm.Span{SpanID: uint64(i + 1), ParentID: uint64(i), Start: int64(i), Duration: time.Duration(2*n - 2*i)}
	}
	return apm.NewTrace(1, spans)
}

func TestTruncate(t *testing.T) {
	for _, c := range []struct {
		text  string
		limit int
		want  string
	}{
		{"short", 5, "short"},
		{"longer", 4, "long"},
		{"café", 4, "caf"},
		{"€€", 5, "€"},
		{"a\ufffdb", 4, "a\ufffd"},
		{"a\xff\xff", 2, "a"},
	} {
		if got := format.Truncate(c.text, c.limit); got != c.want {
			t.Errorf("%q to %d bytes: %q, want %q", c.text, c.limit, got, c.want)
		}
	}
}
