package lesson_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/runner"
)

// TestJudge_AnySpans judges the spans of unfinished code: some are missing, or
// have other parents, names and times. Each failed expectation has to say why.
func TestJudge_AnySpans(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 2_000 {
		var spans []apm.Span
		for i := range 1 + random.IntN(4) {
			subject := []string{"war", "art", "mankind"}[random.IntN(3)]
			request := missed(uint64(100*i+10), subject, 600*i)
			if random.IntN(2) == 0 {
				request = hit(uint64(100*i+10), subject, 600*i)
			}
			spans = append(spans, request...)
		}
		for range random.IntN(6) {
			i := random.IntN(len(spans))
			s := &spans[i]
			switch other := spans[random.IntN(len(spans))]; random.IntN(9) {
			case 0:
				if len(spans) > 1 {
					spans = slices.Delete(spans, i, i+1)
				}
			case 1:
				s.ParentID = other.SpanID
			case 2:
				s.TraceID = other.TraceID
			case 3:
				s.Service = other.Service
			case 4:
				s.Name, s.Resource, s.Type = other.Name, other.Resource, other.Type
			case 5:
				s.Duration = time.Duration(random.IntN(3)) * 100 * time.Millisecond
			case 6:
				s.Error = true
			case 7:
				s.Meta = other.Meta
			case 8:
				s.Meta = map[string]string{"span.kind": "client"}
			}
		}
		requests := lesson.RequestsOf(traces(spans...))
		if random.IntN(2) == 0 {
			played := []lesson.Exchange{{Path: "/think/?subject=war", Sent: time.Unix(0, ms(-1)), Took: 600 * time.Millisecond,
				Status: 200, Body: `{"war":{}}`}}
			requests = lesson.Requested(played, traces(spans...))
		}
		for step := 1; step <= runner.Steps; step++ {
			for _, r := range lesson.Judge(step, requests) {
				if f := r.Finding; (r.State == lesson.Failed) != (f != nil) || f != nil &&
					(f.Expected == "" || f.Instead == "" || f.Cause == "" || f.Request == "") {
					t.Fatalf("%d: %s of lesson %d is %d and says %+v", n, r.ID, step, r.State, f)
				}
			}
		}
	}
}

// TestJudge_NamesEachServiceOnce has two traces of one service, and none of the api.
func TestJudge_NamesEachServiceOnce(t *testing.T) {
	played := []lesson.Exchange{{Path: "/think/?subject=war", Sent: time.Unix(0, ms(-1)), Took: 601 * time.Millisecond,
		Status: 200}}
	spans := traces(thinker(1, 1, 0, "subject=war", 0, 500), think(2, 2, 0, "war", 1, 499))
	f := lesson.Judge(1, lesson.Requested(played, spans))[0].Finding
	if want := "All spans are from thinker-microservice."; f == nil || f.Instead != want {
		t.Errorf("the finding is %+v, want %q", f, want)
	}
}
