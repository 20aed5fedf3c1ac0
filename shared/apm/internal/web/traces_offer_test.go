package web

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"thinker/shared/apm"
)

// pasted is a trace with IDs that log lines write in several forms, and another one
// whose IDs have digits alone in hexadecimal.
func pasted() []apm.Trace {
	return []apm.Trace{
		apm.NewTrace(0x1234567890123456, []apm.Span{{TraceID: 0x1234567890123456, SpanID: 0x9876543210987654, Service: "digits", Name: "o", Resource: "GET /digits", Start: 5}}),
		apm.NewTrace(42436634851921264, []apm.Span{
			{TraceID: 42436634851921264, TraceIDHigh: 0x0709000000000000, SpanID: 850598692808648585, Service: "ids", Name: "o", Resource: "GET /ids", Start: 5, Duration: 1000},
			{TraceID: 42436634851921264, SpanID: 77, ParentID: 850598692808648585, Service: "ids", Name: "child", Resource: "child", Start: 6, Duration: 10},
		}),
	}
}

// TestShowTraces_PastedID pastes IDs into the search field.
func TestShowTraces_PastedID(t *testing.T) {
	w, _ := newTest(pasted()...)
	const ids, digits = "Open trace 42436634851921264 → /trace/42436634851921264", "Open trace 1311768467284833366 → /trace/1311768467284833366"
	for typed, want := range map[string]string{
		"42436634851921264": ids, "07090000000000000096c3e501cfcd70": ids, "7090000000000000096c3e501cfcd70": ids, "0096c3e501cfcd70": ids, "96c3e501cfcd70": ids,
		"0x96C3E501CFCD70": ids, "  42436634851921264\t": ids,
		"1311768467284833366": digits, "1234567890123456": digits, // in decimal, and in hexadecimal
		"850598692808648585":  "Open the span’s trace 42436634851921264 → /trace/42436634851921264?span=850598692808648585",
		" bcdef0123456789 ":   "Open the span’s trace 42436634851921264 → /trace/42436634851921264?span=bcdef0123456789",
		"9876543210987654":    "Open the span’s trace 1311768467284833366 → /trace/1311768467284833366?span=9876543210987654",
		"77":                  "Open the span’s trace 42436634851921264 → /trace/42436634851921264?span=77",
		"42436634851921265":   "",
		"42436634851921264 x": "",
		"ids":                 "",
	} {
		// Neither the page's time nor its scope hides the trace.
		for _, parameters := range []string{"", "&scope=root", "&range=15m", "&env=other"} {
			rec := get(w, "/traces?query="+url.QueryEscape(typed)+parameters)
			got := ""
			if link := regexp.MustCompile(`<a href="([^"]*)">(Open t[^<]*)</a>`).FindStringSubmatch(rec.Body.String()); link != nil {
				address, chosen, _ := strings.Cut(html.UnescapeString(link[1]), "?")
				got = link[2] + " → " + address
				if query, _ := url.ParseQuery(chosen); query.Has("span") {
					got += "?span=" + query.Get("span")
				}
			}
			if got != want || rec.Code != http.StatusOK {
				t.Errorf("%q%s: %d, offers %q, want %q", typed, parameters, rec.Code, got, want)
			}
		}
	}
}

// TestAPITraces_PastedID holds the API to the same IDs, bare and after trace_id:.
func TestAPITraces_PastedID(t *testing.T) {
	w, _ := newTest(pasted()...)
	for query, want := range map[string]string{
		"42436634851921264": "42436634851921264", "7090000000000000096c3e501cfcd70": "42436634851921264", "trace_id:07090000000000000096c3e501cfcd70": "42436634851921264",
		"trace_id:7090000000000000096c3e501cfcd70": "42436634851921264", "trace_id:96c3e501cfcd70": "42436634851921264", `trace_id:" 96c3e501cfcd70"`: "42436634851921264",
		"trace_id:1234567890123456": "1311768467284833366", "850598692808648585": "42436634851921264", "span_id:bcdef0123456789": "42436634851921264", "trace_id:42436634851921265": "",
	} {
		rec := get(w, "/api/traces?query="+url.QueryEscape(query))
		if got := strings.Join(listed(t, rec.Body.String()), " "); got != want {
			t.Errorf("%s: %d, traces %q, want %q", query, rec.Code, got, want)
		}
	}
}

func TestShowTrace_PastedID(t *testing.T) {
	w, _ := newTest(pasted()...)
	for _, id := range []string{"42436634851921264", " 42436634851921264", "96c3e501cfcd70\n", "7090000000000000096c3e501cfcd70", "%09" + "07090000000000000096c3e501cfcd70 "} {
		for _, path := range []string{"/trace/", "/api/traces/"} {
			if rec := get(w, path+strings.ReplaceAll(url.PathEscape(id), "%2509", "%09")); rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), "42436634851921264") {
				t.Errorf("%s%q: %d", path, id, rec.Code)
			}
		}
	}
	// The span is chosen by its ID in any form.
	for _, span := range []string{"850598692808648585", "0bcdef0123456789", "bcdef0123456789"} {
		if body := get(w, "/trace/42436634851921264?span="+span).Body.String(); !strings.Contains(body, "<dd><code data-copy>850598692808648585</code></dd>") {
			t.Errorf("span=%s: no panel", span)
		}
	}
}

func TestFindInTrace_SpanID(t *testing.T) {
	w, _ := newTest(pasted()...)
	for text, want := range map[string]string{"850598692808648585": "[0]", "bcdef0123456789": "[0]", " 0BCDEF0123456789": "[0]", "77": "[1]", "78": "[]", "0x4d": "[1]"} {
		rec := get(w, "/api/traces/42436634851921264/outline?find="+url.QueryEscape(text))
		if !strings.Contains(rec.Body.String(), `"found":`+want) {
			t.Errorf("%q: %s", text, rec.Body)
		}
		count := "No matches"
		if want != "[]" {
			count = "1 match"
		}
		if body := get(w, "/trace/42436634851921264?find="+url.QueryEscape(text)).Body.String(); !strings.Contains(body, fmt.Sprintf(`<span class="quiet">%s</span>`, count)) {
			t.Errorf("%q: the page lacks %q", text, count)
		}
	}
}
