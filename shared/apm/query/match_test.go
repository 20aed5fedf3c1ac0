package query

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm"
)

func parse(t testing.TB, text string) Query {
	t.Helper()
	query, err := Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return query
}

func TestMatch(t *testing.T) {
	span := &apm.Span{
		TraceID: 5577006791947779410, TraceIDHigh: 0x6b00cd7c00000000, SpanID: 255, ParentID: 3,
		Service: "thinker-api", Name: "http.request", Resource: "GET /think/", Type: "web",
		Duration: 250 * time.Millisecond, Error: true,
		Meta: map[string]string{
			"env": "workshop", "version": "step03", "http.status_code": "500", "subject": "war", "empty": "",
			"url": "http://localhost/think?user=Jane Doe", "a b": "x", "error.message": "No thought about Mänkind",
			"_dd.p.dm": "hidden", "size": "12.5",
		},
		Metrics: map[string]float64{"rows": 6, "rate": 0.5, "_sampling": 77},
	}
	for query, want := range map[string]bool{
		"": true, "*": true, "x OR *": true,
		// reserved attributes
		"service:thinker-api": true, "service:Thinker-api": false, "service:thinker": false, "service:thinker*": true,
		"operation_name:http.request": true, `resource_name:"GET /think/"`: true, `resource_name:GET\ *`: true,
		"type:web": true, "type:*": true, "env:workshop": true, "version:step03": true, "status:error": true,
		"status:ok":              false,
		"env:(prod OR workshop)": true, "env:(prod OR test)": false,
		"trace_id:5577006791947779410": true, "trace_id:5577006791947779411": false,
		"trace_id:55770067919477794*":               true,
		"trace_id:6b00cd7c000000004d65822107fcfd52": true, "trace_id:4d65822107fcfd52": true,
		"trace_id:6b00cd7c000000014d65822107fcfd52": false, "trace_id:*7fcfd52": true,
		"span_id:255": true, "span_id:00000000000000ff": true, "span_id:ff": true, "span_id:fe": false,
		"span_id:2?5": true, "span_id:2?6": false,
		// tags
		"@http.status_code:500": true, "@http.status_code:5*": true, "@http.status_code:5??": true,
		"@http.status_code:5?": false,
		"@subject:war":         true, "@subject:War": false, "@subject:*": true, "@nothing:*": false,
		"-@nothing:*": true,
		`@empty:""`:   true, "@empty:*": true, `@nothing:""`: false, `@a\ b:x`: true,
		`@url:*user\=Jane*`: true, "@url:*user?Jane?Doe": true, "@url:*user": false, "@url:http*think*Doe": true,
		"@url:*think*think*": false,
		"@rows:6":            true, "@rows:6.0": true, "@rows:7": false, "@rows:*": true, "@rate:0.?": true,
		"@rows:six": false,
		// comparisons and ranges
		"@http.status_code:>=500": true, "@http.status_code:>500": false, "@http.status_code:[400 TO 499]": false,
		"@http.status_code:[400 TO 500]": true,
		"@http.status_code:{400 TO 500}": false, "@http.status_code:{500 TO *]": false,
		"@http.status_code:[500 TO *}": true, "@http.status_code:[* TO *]": true,
		"@rows:<7": true, "@rows:<=6": true, "@rows:<6": false, "@size:>12": true, "@subject:>5": false,
		"-@subject:>5": true, "@nothing:<5": false,
		"duration:>200ms": true, "duration:<0.2s": false, "@duration:>200ms": true, "duration:250ms": true,
		"duration:250000000":        true,
		"duration:[200000us TO 1m]": true, "duration:>=1h": false, "duration:*": true, "duration:{250ms TO 1s]": false,
		// free text: whole words, in any case
		"think": true, "THINK": true, "thin": false, "thin*": true, "*hink": true, "*hin*": true, "hink": false,
		"thinker": true, "api": true, "request": true, "war": true, "wa?": true, "GET": true, `"GET /think/"`: true,
		`"get /think"`: true, `"GET think"`: false,
		"get*think": true, "think*get": false, "workshop": true, "mänkind": true, "MÄNKIND": true, "m?nkind": true,
		"änkind": false, "thought*about": true,
		"6": true, "0.5": true, "7": false, "hidden": false, "77": false, "nothing": false, `""`: true,
		// operators
		"service:thinker-api war": true, "service:thinker-api peace": false, "peace OR war": true, "-peace": true,
		"-war":          false,
		"NOT peace war": true, "-(peace war)": true, "-(peace OR war)": false, "(peace OR war) status:error": true,
		"peace OR war status:ok": false,
	} {
		if got := parse(t, query).Match(span); got != want {
			t.Errorf("%s: %v", query, got)
		}
	}
}

func TestMatch_EmptyReservedAttribute(t *testing.T) {
	for query, want := range map[string]bool{"type:*": false, "-type:*": true, "env:*": false, `type:""`: false,
		"-version:step01": true, "trace_id:0": true} {
		if got := parse(t, query).Match(&apm.Span{}); got != want {
			t.Errorf("%s: %v", query, got)
		}
	}
}

// Only one span of each payload has the upper half of its trace's ID.
func TestMatch_UnknownUpperHalf(t *testing.T) {
	if !parse(t, "trace_id:000000000000000100000000000000ff").Match(&apm.Span{TraceID: 255}) {
		t.Error("a span without the upper half doesn't match the whole ID")
	}
}

func TestSelection_Scope(t *testing.T) {
	trace := []apm.Span{
		{SpanID: 1, Service: "api", Resource: "root"},
		{SpanID: 2, ParentID: 1, Service: "api", Resource: "client"},
		{SpanID: 4, ParentID: 3, Service: "thinker", Resource: "inner"},
		{SpanID: 5, ParentID: 4, Service: "thinker", Resource: "told", Metrics: map[string]float64{"_dd.top_level": 1}},
		{SpanID: 6, ParentID: 4, Service: "thinker", Resource: "old", Metrics: map[string]float64{"_top_level": 1}},
	}
	for scope, want := range map[Scope]string{
		AllSpans:          "root client inner told old ",
		ServiceEntrySpans: "told old ",
		RootSpans:         "root ",
	} {
		got := ""
		for _, s := range trace {
			if (Selection{Query: parse(t, "resource_name:"+s.Resource), Scope: scope}).Selects(trace) {
				got += s.Resource + " "
			}
		}
		if got != want {
			t.Errorf("%s: %s", scope.Name(), got)
		}
		if read, err := ParseScope(scope.String()); err != nil || read != scope {
			t.Errorf("%s: %v", scope, err)
		}
	}
	if scope, err := ParseScope(""); err != nil || scope != AllSpans {
		t.Error(scope, err)
	}
	if _, err := ParseScope("some"); err == nil {
		t.Error(`ParseScope("some") returned no error`)
	}
}

func TestSelection_Time(t *testing.T) {
	trace := []apm.Span{{SpanID: 1, Resource: "a", Start: 10}, {SpanID: 2, ParentID: 1, Resource: "b", Start: 20}}
	if !(Selection{}).Selects([]apm.Span{{Start: -1}}) {
		t.Error("the zero Selection doesn't select a span from before the epoch")
	}
	for _, c := range []struct {
		query    string
		from, to int64
		want     bool
	}{{"", 0, 0, true}, {"", 10, 11, true}, {"", 11, 20, false}, {"", 11, 21, true}, {"", 21, 0, false},
		{"", 0, 10, false}, {"a", 11, 0, false}, {"b", 11, 0, true}} {
		if got := (Selection{Query: parse(t, c.query), From: c.from, To: c.to}).Selects(trace); got != c.want {
			t.Errorf("%s from %d to %d: %v", c.query, c.from, c.to, got)
		}
	}
}

// TestPattern_Regexp compares every short pattern with the equal regular expression, on
// every short text.
func TestPattern_Regexp(t *testing.T) {
	texts := words("aä", 5)
	for _, text := range words("aä*?", 4)[1:] {
		pattern, ok := parse(t, "service:"+text).Expr.(Term).Test.(Pattern)
		if !ok {
			t.Fatalf("%s isn't a pattern", text)
		}
		same := regexp.MustCompile("^" + strings.NewReplacer("*", ".*", "?", ".").Replace(text) + "$")
		for _, value := range texts {
			if got := pattern.MatchText(value); got != same.MatchString(value) {
				t.Errorf("%s matches %q: %v", text, value, got)
			}
		}
	}
}

// words returns all texts of at most n characters of the alphabet, the empty one first.
func words(alphabet string, n int) []string {
	all := []string{""}
	for from := 0; n > 0; n-- {
		to := len(all)
		for ; from < to; from++ {
			for _, r := range alphabet {
				all = append(all, all[from]+string(r))
			}
		}
	}
	return all
}

func TestOneLine(t *testing.T) {
	for text, want := range map[string]string{
		"a b":          `"a b"`,
		"SELECT *\n":   `SELECT\ \*?`,
		"a?\r\n-b \"c": `a\???-b\ \"c`,
	} {
		if got := OneLine(text); got.String() != want || !got.MatchText(text) {
			t.Errorf("%q: got %s, which matches: %t", text, got, got.MatchText(text))
		}
	}
}
