package web

import (
	"fmt"
	"testing"
	"time"

	"thinker/shared/apm"
)

// wide is a trace of a job that works row by row: 40,000 spans in three levels.
func wide() apm.Trace {
	spans := []apm.Span{{TraceID: 1, SpanID: 1, Service: "batch", Name: "job", Duration: time.Minute, Meta: map[string]string{}}}
	for row := range uint64(13_333) {
		at := int64(row) * int64(4*time.Millisecond)
		id := 10 + 3*row
		for i, service := range []string{"importer", "postgres", "redis"} {
			parent := id
			if i == 0 {
				parent = 1
			}
			spans = append(spans, apm.Span{
				TraceID: 1, SpanID: id + uint64(i), ParentID: parent, Service: service, Name: "work", Resource: fmt.Sprint("row ", row%50), Start: at + int64(i)*1e6,
				Duration: time.Duration(1+row%7) * time.Millisecond / time.Duration(1+i), Error: row%100 == 0,
				Meta: map[string]string{"env": "prod", "version": "1", "language": "go", "runtime-id": "4b0f9d6c"}, Metrics: map[string]float64{"process_id": 7},
			})
		}
	}
	return apm.NewTrace(1, spans)
}

// BenchmarkTracePage is how long a page of 40,000 spans takes to make.
func BenchmarkTracePage(b *testing.B) {
	w, _ := newTest(wide())
	for _, path := range []string{"/trace/1", "/trace/1?find=redis", "/trace/1?view=list", "/trace/1?view=waterfall", "/api/traces/1/outline"} {
		b.Run(path, func(b *testing.B) {
			for b.Loop() {
				get(w, path)
			}
		})
	}
}
