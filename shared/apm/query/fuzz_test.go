package query

import (
	"errors"
	"testing"
	"unicode/utf8"

	"thinker/shared/apm"
)

// FuzzParse checks that no query makes the parser or the matcher panic, that every error
// has an offset within the query, and that a parsed query prints as an equal query.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`service:thinker-api @http.status_code:>=500 duration:>200ms`, `(@subject:war OR @subject:a?t*) -status:error`,
		`@http.status_code:[400 TO 499] AND NOT resource_name:"GET /think/"`,
		`env:(prod OR -test) && *x* || @n:{* TO -1.5}`,
		`trace_id:5577006791947779410 span_id:00000000000000ff`, `@user.first\ name:a\*b "hello dolly" µ`, `service:`,
		`((`, `@n:>5ms`, "\xff\x00",
		`@customer.name:"Zoë “Ω” 日本 🍎" resource_name:"SELECT id, name FROM fruit WHERE name = ? -- 🍎"`,
		`@error.stack:*shelf.go\:41* -@_top_level:1`,
	} {
		f.Add(seed)
	}
	span := &apm.Span{TraceID: 5577006791947779410, SpanID: 255, Service: "thinker-api", Name: "http.request",
		Resource: "GET /think/", Type: "web", Duration: 5,
		Meta:    map[string]string{"http.status_code": "500", "subject": "wär", "bad": "\xff"},
		Metrics: map[string]float64{"n": -2}}
	f.Fuzz(func(t *testing.T, text string) {
		query, err := Parse(text)
		if err != nil {
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || syntax.Offset < 0 || syntax.Offset > utf8.RuneCountInString(text) ||
				syntax.Expected == "" {
				t.Fatalf("%q: %#v", text, err)
			}
			_ = syntax.Caret()
			return
		}
		printed := query.String()
		reparsed, err := Parse(printed)
		if err != nil {
			t.Fatalf("%q prints as %q, which doesn't parse: %v", text, printed, err)
		}
		if reparsed.String() != printed {
			t.Fatalf("%q prints as %q, which prints as %q", text, printed, reparsed)
		}
		if query.Match(span) != reparsed.Match(span) {
			t.Fatalf("only one of %q and %q matches", text, printed)
		}
	})
}
