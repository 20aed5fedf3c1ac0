package query

import (
	"fmt"
	"strings"
	"testing"

	"thinker/shared/apm"
)

func TestParseIDs(t *testing.T) {
	for text, want := range map[string]string{
		"":     "[]",
		"art":  "[]",
		"255":  "[{0 255} {0 597}]", // decimal, or hexadecimal
		"ff":   "[{0 255}]",
		"0xFF": "[{0 255}]", "00000000000000ff": "[{0 255}]", " ff\t": "[{0 255}]",
		"42436634851921264":                "[{0 42436634851921264} {4 2609382196365103716}]",
		"96c3e501cfcd70":                   "[{0 42436634851921264}]",
		"07090000000000000096c3e501cfcd70": "[{506936433055891456 42436634851921264}]",
		"7090000000000000096c3e501cfcd70":  "[{506936433055891456 42436634851921264}]",
		"0":                                "[{0 0}]", // both readings
		"340282366920938463463374607431768211455": "[{18446744073709551615 18446744073709551615}]",
		"340282366920938463463374607431768211456": "[]", // 2^128
		"ff ff": "[]", "-1": "[]", "1_000": "[]",
	} {
		if got := fmt.Sprint(ParseIDs(text)); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// TestMatch_ID searches for IDs as log lines and other tools write them.
func TestMatch_ID(t *testing.T) {
	span := &apm.Span{TraceID: 42436634851921264, TraceIDHigh: 0x0709000000000000, SpanID: 850598692808648585}
	digits := &apm.Span{TraceID: 0x1234567890123456, SpanID: 1234567890123456}
	for query, want := range map[string]bool{
		"42436634851921264": true, "07090000000000000096c3e501cfcd70": true, "7090000000000000096c3e501cfcd70": true,
		"0096c3e501cfcd70": true, "96c3e501cfcd70": true,
		`" 96C3E501CFCD70 "`: true, "0x96c3e501cfcd70": true, "  42436634851921264  ": true,
		"18090000000000000096c3e501cfcd70": false, "42436634851921265": false, "-96c3e501cfcd70": false,
		"96c3e501cfcd7": false, "96c3e501cfcd7*": false, "96c3e501cfcd70 status:ok": true,
		"850598692808648585": true, "bcdef0123456789": true,
	} {
		for _, prefix := range []string{"", "trace_id:"} {
			textOnly := strings.ContainsAny(query[:1], "- ") || strings.HasSuffix(query, "*")
			if prefix != "" && (textOnly || query == "850598692808648585" || query == "bcdef0123456789") {
				continue
			}
			if got := parse(t, prefix+query).Match(span); got != want {
				t.Errorf("%s%s: %v", prefix, query, got)
			}
		}
	}
	for query, want := range map[string]bool{
		// Digits alone are both a decimal and a hexadecimal number.
		"trace_id:1234567890123456": true, "span_id:1234567890123456": true, "1234567890123456": true,
		"trace_id:1311768467284833366": true, "span_id:1311768467284833366": false,
	} {
		if got := parse(t, query).Match(digits); got != want {
			t.Errorf("%s: %v", query, got)
		}
	}
	if parse(t, "404").Match(&apm.Span{TraceID: 404, SpanID: 404}) ||
		!parse(t, "trace_id:404").Match(&apm.Span{TraceID: 404}) {
		t.Error("404 must match an ID only after trace_id: or span_id:")
	}
}
