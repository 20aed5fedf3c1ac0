package lesson_test

import (
	"testing"

	"thinker/shared/apm"
	"thinker/shared/workshop/lesson"
)

// answer is what a request to the last step leaves: with what is below think.
func answer(trace uint64, subject string, from, took int, below ...apm.Span) []apm.Span {
	spans := []apm.Span{
		api(trace, trace, "subject="+subject, from, from+took),
		thinker(trace, trace+1, trace, "subject="+subject, from, from+took),
		think(trace, trace+2, trace+1, subject, from, from+took),
	}
	for i, s := range below {
		s.TraceID, s.SpanID, s.ParentID = trace, trace+3+uint64(i), trace+2
		s.Start = ms(from + i*took/4)
		spans = append(spans, s)
	}
	return spans
}

func missed(trace uint64, subject string, from int) []apm.Span {
	return answer(trace, subject, from, 500, command("get"), query(), command("set"))
}

func hit(trace uint64, subject string, from int) []apm.Span {
	return answer(trace, subject, from, 2, command("get"))
}

func command(name string) apm.Span {
	s := span(0, 0, 0, "thinker-microservice", "redis.command", 0, 1, "type=redis", "redis.raw_command="+name+" thought:war: ")
	s.Resource = name
	return s
}

func query() apm.Span {
	s := span(0, 0, 0, "sqlite.db", "sqlite.query", 0, 1, "type=sql")
	s.Resource = "SELECT quote FROM thought WHERE subject = ?"
	return s
}

// TestLiveCache judges pairs of requests as learners send them: also when the first
// was remembered already, or a thought was forgotten again.
func TestLiveCache(t *testing.T) {
	const second = 1000
	for _, c := range []struct {
		name  string
		spans [][]apm.Span
		want  string
	}{
		{"a miss", [][]apm.Span{missed(10, "war", 0)}, "miss:met hit:open fast:open errors-not-kept:open"},
		{"a hit of what was there before", [][]apm.Span{hit(10, "war", 0)}, "miss:open hit:open fast:open errors-not-kept:open"},
		{"both", [][]apm.Span{missed(10, "war", 0), hit(20, "war", second)}, "miss:met hit:met fast:met errors-not-kept:open"},
		{"two hits", [][]apm.Span{missed(10, "war", 0), hit(20, "war", second), hit(30, "war", 2*second)}, "miss:met hit:met fast:met errors-not-kept:open"},
		{"another subject", [][]apm.Span{missed(10, "war", 0), missed(20, "work", second)}, "miss:met hit:open fast:open errors-not-kept:open"},
		{"forgotten", [][]apm.Span{missed(10, "war", 0), hit(20, "war", 20*second), missed(30, "war", 31*second)}, "miss:met hit:met fast:met errors-not-kept:open"},
		{"at the same time", [][]apm.Span{missed(10, "war", 0), missed(20, "war", 100)}, "miss:met hit:open fast:open errors-not-kept:open"},
		{"not remembered", [][]apm.Span{missed(10, "war", 0), missed(20, "war", second)}, "miss:met hit:unmet fast:open errors-not-kept:open"},
		{"slow", [][]apm.Span{missed(10, "war", 0), answer(20, "war", second, 490, command("get"))}, "miss:met hit:met fast:unmet errors-not-kept:open"},
		{"the machine's", [][]apm.Span{missed(10, "art", 0), hit(20, "art", second)}, "miss:open hit:open fast:open errors-not-kept:met"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var all []apm.Span
			for _, spans := range c.spans {
				all = append(all, spans...)
			}
			if got := states(lesson.Judge(5, lesson.RequestsOf(traces(all...)))); got != c.want {
				t.Errorf("is %s, want %s", got, c.want)
			}
		})
	}
}
