package query

import (
	"strings"
	"testing"

	"thinker/shared/apm"
)

func TestParseField(t *testing.T) {
	for text, want := range map[string]Field{
		"service": {Name: "service"}, "@http.status_code": {Name: "http.status_code", Tag: true},
		"@duration": {Name: "duration", Tag: true},
		`@a\ b\:c`:  {Name: "a b:c", Tag: true}, `@"a b"`: {Name: "a b", Tag: true},
		"@service": {Name: "service", Tag: true},
	} {
		got, err := ParseField(text)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
		if reparsed, err := ParseField(got.String()); err != nil || reparsed != want {
			t.Errorf("%s prints as %s, which parses as %+v, %v", text, got, reparsed, err)
		}
	}
	for text, want := range map[string]string{
		"": "an attribute such as service", "@": "name after", `@""`: "name after", "@a*": "without wildcards",
		"http.status_code": `"@" before http.status_code (only duration, env,`, "service:x": `no ":"`, "@a b": `no " "`,
		"@a:b": `no ":"`,
	} {
		if _, err := ParseField(text); err == nil || !strings.Contains(err.Error(), want) ||
			strings.Contains(err.Error(), "query") {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// TestField_Value also checks that a query for the value matches the span.
func TestField_Value(t *testing.T) {
	span := apm.Span{TraceID: 1 << 63, TraceIDHigh: 5, SpanID: 9, Service: "a b", Name: "op", Resource: "GET /",
		Type: "web", Duration: 1500, Error: true,
		Meta:    map[string]string{"env": "prod", "both": "text", "empty": ""},
		Metrics: map[string]float64{"n": 200, "fraction": 0.25, "large": 1e21, "both": 7}}
	for text, want := range map[string]string{
		"service": "a b", "operation_name": "op", "resource_name": "GET /", "type": "web", "status": "error",
		"env":      "prod",
		"trace_id": "9223372036854775808", "span_id": "9", "duration": "1500", "@duration": "1500",
		"@env": "prod", "@both": "text", "@empty": "", "@n": "200", "@fraction": "0.25",
		"@large": "1000000000000000000000",
	} {
		field, err := ParseField(text)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := field.Value(&span)
		if !ok || got != want {
			t.Errorf("%s is %q, %v", text, got, ok)
		}
		if query, err := Parse(field.String() + ":" + quote(got)); err != nil || !query.Match(&span) {
			t.Errorf("%s:%s doesn't match the span: %v", text, got, err)
		}
	}
	for _, text := range []string{"version", "@version", "@none"} {
		if field, err := ParseField(text); err != nil {
			t.Error(err)
		} else if got, ok := field.Value(&span); ok {
			t.Errorf("%s is %q", text, got)
		}
	}
	if value, ok := (Field{Name: "service"}).Value(&apm.Span{}); ok {
		t.Errorf("a span without a service has the service %q", value)
	}
}
