package site

import (
	"strings"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/colour"
	"thinker/shared/workshop/lesson"
)

func TestSite_TreesShareAnAxis(t *testing.T) {
	const ms = int64(time.Millisecond)
	api := apm.NewTrace(1, []apm.Span{{TraceID: 1, SpanID: 1, Service: "api", Name: "http.request", Start: 100 * ms,
		Duration: 100 * time.Millisecond}})
	thinker := apm.NewTrace(2, []apm.Span{
		{TraceID: 2, SpanID: 2, ParentID: 9, Service: "thinker", Name: "http.request", Start: 150 * ms,
			Duration: 25 * time.Millisecond},
		{TraceID: 2, SpanID: 3, ParentID: 2, Service: "thinker", Name: "think", Start: 160 * ms, Error: true,
			Meta: map[string]string{"error.type": "main.unknown", "error.message": "no\nthought"}},
	})
	drawn := trees(&colour.Palette{}, []lesson.Tree{{Trace: api}, {Trace: thinker, Marks: map[uint64]string{3: "here"}}})
	if len(drawn) != 2 || len(drawn[0].Rows) != 1 || len(drawn[1].Rows) != 2 {
		t.Fatalf("%+v", drawn)
	}
	whole, half, think := drawn[0].Rows[0], drawn[1].Rows[0], drawn[1].Rows[1]
	if whole.X != "0.00" || whole.Width != "100.00" || half.X != "50.00" || half.Width != "25.00" ||
		think.Width != "0.00" {
		t.Errorf("the bars are %+v, %+v and %+v", whole, half, think)
	}
	if half.Service != "thinker" || think.Service != "" || think.Level != 2 || !half.Orphan ||
		half.URL != "/trace/2?span=2" {
		t.Errorf("%+v and %+v", half, think)
	}
	if think.Error != "main.unknown: no thought" || think.Mark != "here" || half.Failed {
		t.Errorf("%+v and %+v", half, think)
	}
}

func TestSite_TreeOfALargeTrace(t *testing.T) {
	var spans []apm.Span
	for id := range uint64(10_000) { // each below the one before
		spans = append(spans, apm.Span{TraceID: 1, SpanID: id + 1, ParentID: id, Start: int64(id),
			Service: strings.Repeat("s", 1000)})
	}
	drawn := trees(&colour.Palette{}, []lesson.Tree{{Trace: apm.NewTrace(1, spans)}})[0]
	if len(drawn.Rows) != 40 || drawn.More != 9_960 || len(drawn.Rows[0].Service) > 300 {
		t.Errorf("%d rows of %d bytes, and %d more", len(drawn.Rows), len(drawn.Rows[0].Service), drawn.More)
	}
}
