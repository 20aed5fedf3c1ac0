package explorer_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"thinker/shared/apm"
	"thinker/shared/apm/internal/webtest"
)

// pasted is a trace with IDs that log lines write in several forms, and another one
// whose IDs have digits alone in hexadecimal.
func pasted() []apm.Trace {
	const id = 42436634851921264
	return []apm.Trace{
		apm.NewTrace(0x1234567890123456, []apm.Span{{TraceID: 0x1234567890123456, SpanID: 0x9876543210987654,
			Service: "digits", Name: "o", Resource: "GET /digits", Start: 5}}),
		apm.NewTrace(id, []apm.Span{
			{TraceID: id, TraceIDHigh: 0x0709000000000000, SpanID: 850598692808648585, Service: "ids", Name: "o",
				Resource: "GET /ids", Start: 5, Duration: 1000},
			{TraceID: id, TraceIDHigh: 0x0709000000000000, SpanID: 77, ParentID: 850598692808648585, Service: "ids",
				Name: "child", Resource: "child", Start: 6, Duration: 10},
		}),
	}
}

// TestTraces_PastedID pastes IDs into the search field.
func TestTraces_PastedID(t *testing.T) {
	s := webtest.New(t, pasted()...)
	offer := regexp.MustCompile(`<a href="([^"]*)">(Open t[^<]*)</a>`)
	const ids, digits = "42436634851921264", "1311768467284833366"
	for typed, want := range map[string]struct{ trace, span string }{
		ids:                                {ids, ""},
		"07090000000000000096c3e501cfcd70": {ids, ""},
		"7090000000000000096c3e501cfcd70":  {ids, ""},
		"0096c3e501cfcd70":                 {ids, ""},
		"96c3e501cfcd70":                   {ids, ""},
		"0x96C3E501CFCD70":                 {ids, ""},
		"  42436634851921264\t":            {ids, ""},
		digits:                             {digits, ""}, // in decimal
		"1234567890123456":                 {digits, ""}, // in hexadecimal
		"850598692808648585":               {ids, "850598692808648585"},
		" bcdef0123456789 ":                {ids, "bcdef0123456789"},
		"9876543210987654":                 {digits, "9876543210987654"},
		"77":                               {ids, "77"},
		"42436634851921265":                {},
		"42436634851921264 x":              {},
		"ids":                              {},
	} {
		// Neither the page's time nor its scope hides the trace.
		for _, parameters := range []string{"", "&scope=root", "&range=15m", "&env=other"} {
			rec := s.Get("/traces?query=" + url.QueryEscape(typed) + parameters)
			link := append(offer.FindStringSubmatch(rec.Body.String()), "", "", "")
			address, err := url.Parse(html.UnescapeString(link[1]))
			if err != nil || rec.Code != http.StatusOK {
				t.Fatalf("%q%s: %d, %v", typed, parameters, rec.Code, err)
			}
			text := ""
			switch {
			case want.span != "":
				text = "Open the span’s trace " + want.trace
			case want.trace != "":
				text = "Open trace " + want.trace
			}
			if strings.TrimPrefix(address.Path, "/trace/") != want.trace || address.Query().Get("span") != want.span ||
				link[2] != text {
				t.Errorf("%q%s: offers %s → %s", typed, parameters, link[2], address)
			}
		}
	}
}

// TestAPITraces_PastedID holds the API to the same IDs, bare and after trace_id:.
func TestAPITraces_PastedID(t *testing.T) {
	s := webtest.New(t, pasted()...)
	const ids = "42436634851921264"
	for query, want := range map[string]string{
		ids: ids, "7090000000000000096c3e501cfcd70": ids, "trace_id:07090000000000000096c3e501cfcd70": ids,
		"trace_id:7090000000000000096c3e501cfcd70": ids, "trace_id:96c3e501cfcd70": ids, `trace_id:" 96c3e501cfcd70"`: ids,
		"trace_id:1234567890123456": "1311768467284833366", "850598692808648585": ids, "span_id:bcdef0123456789": ids,
		"trace_id:42436634851921265": "",
	} {
		rec := s.Get("/api/traces?query=" + url.QueryEscape(query))
		if got := listed(rec.Body.String()); got != want {
			t.Errorf("%s: %d, traces %q, want %q", query, rec.Code, got, want)
		}
	}
}

func TestShowTrace_PastedID(t *testing.T) {
	s := webtest.New(t, pasted()...)
	for _, id := range []string{"42436634851921264", "%2042436634851921264", "96c3e501cfcd70%0A",
		"7090000000000000096c3e501cfcd70", "%0907090000000000000096c3e501cfcd70%20"} {
		for _, path := range []string{"/trace/", "/api/traces/"} {
			rec := s.Get(path + id)
			webtest.Contains(t, path+id, rec.Body.String(), "42436634851921264")
			if rec.Code != http.StatusOK {
				t.Errorf("%s%s: %d", path, id, rec.Code)
			}
		}
	}
	for _, span := range []string{"850598692808648585", "0bcdef0123456789", "bcdef0123456789"} {
		webtest.Contains(t, "the panel", show(s, "/trace/42436634851921264?span="+span),
			"<dd><code data-copy>850598692808648585</code></dd>")
	}
}

func TestFindInTrace_SpanID(t *testing.T) {
	s := webtest.New(t, pasted()...)
	for text, want := range map[string]string{"850598692808648585": "[0]", "bcdef0123456789": "[0]",
		" 0BCDEF0123456789": "[0]", "77": "[1]", "78": "[]", "0x4d": "[1]"} {
		find := "?find=" + url.QueryEscape(text)
		webtest.Contains(t, text, show(s, "/api/traces/42436634851921264/outline"+find), `"found":`+want)
		count := "1 match"
		if want == "[]" {
			count = "No matches"
		}
		webtest.Contains(t, text, show(s, "/trace/42436634851921264"+find), `<span class="quiet">`+count+`</span>`)
	}
}
