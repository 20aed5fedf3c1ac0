package lesson_test

import (
	"maps"
	"strings"
	"testing"

	"thinker/shared/apm"
	"thinker/shared/workshop/lesson"
)

// answer returns the spans of a request to the last step, with those below think.
func answer(trace uint64, subject string, from, took int, below ...apm.Span) []apm.Span {
	spans := []apm.Span{
		api(trace, trace, "subject="+subject, from, from+took),
		thinker(trace, trace+1, trace, "subject="+subject, from, from+took),
		think(trace, trace+2, trace+1, subject, from, from+took),
	}
	for i, s := range below {
		s.TraceID, s.SpanID, s.ParentID = trace, trace+3+uint64(i), trace+2
		s.Start = ms(from + i*took/4)
		s.Meta = maps.Clone(s.Meta)
		if s.Meta["redis.raw_command"] != "" {
			s.Meta["redis.raw_command"] = strings.Replace(s.Meta["redis.raw_command"], "thought:", "thought:"+subject, 1)
		}
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

func unwritten(trace uint64, subject string, from int) []apm.Span {
	return answer(trace, subject, from, 500, command("get"), query())
}

// failed makes the think span an error.
func failed(spans []apm.Span) []apm.Span {
	spans[2].Error = true
	return spans
}

// connected adds what a Redis client does for each new connection, in part as a
// trace of its own.
func connected(spans []apm.Span) []apm.Span {
	think := spans[2]
	dial := span(think.TraceID+5, 1, 0, "thinker-microservice", "redis.dial", 0, 1, "type=redis")
	dial.Start = think.Start
	spans = append(spans, dial)
	for i, raw := range []string{"hello 3: ", "client setinfo LIB-NAME go-redis: \nclient setinfo LIB-VER 9: ",
		"client maint_notifications on: "} {
		s := span(think.TraceID, 50+uint64(i), think.SpanID, "thinker-microservice", "redis.command", 0, 1, "type=redis",
			"redis.raw_command="+raw)
		s.Start, s.Resource, s.Error = think.Start, strings.Fields(raw)[0], true
		if strings.Contains(raw, "\n") {
			s.Resource = "redis.pipeline"
		}
		spans = append(spans, s)
	}
	return spans
}

func command(name string) apm.Span {
	s := span(0, 0, 0, "thinker-microservice", "redis.command", 0, 1, "type=redis",
		"redis.raw_command="+map[string]string{"get": "get thought: ", "set": "set thought: {} ex 30: "}[name])
	s.Resource = name
	return s
}

func query() apm.Span {
	s := span(0, 0, 0, "sqlite.db", "sqlite.query", 0, 1, "type=sql")
	s.Resource = "SELECT quote FROM thought WHERE subject = ?"
	return s
}

// TestJudge_LiveCache judges pairs of requests as learners send them: also if the first was
// a hit already, or a thought has expired.
func TestJudge_LiveCache(t *testing.T) {
	const second = 1000
	for _, c := range []struct {
		name  string
		spans [][]apm.Span
		want  string
	}{
		{"a miss", [][]apm.Span{missed(10, "war", 0)},
			"miss:passed expires:passed hit:unchecked no-wait:unchecked errors-not-cached:unchecked"},
		{"a hit of what was there before", [][]apm.Span{hit(10, "war", 0)},
			"miss:unchecked expires:unchecked hit:unchecked no-wait:unchecked errors-not-cached:unchecked"},
		{"both", [][]apm.Span{missed(10, "war", 0), hit(20, "war", second)},
			"miss:passed expires:passed hit:passed no-wait:passed errors-not-cached:unchecked"},
		{"two hits", [][]apm.Span{missed(10, "war", 0), hit(20, "war", second), hit(30, "war", 2*second)},
			"miss:passed expires:passed hit:passed no-wait:passed errors-not-cached:unchecked"},
		{"another subject", [][]apm.Span{missed(10, "war", 0), missed(20, "work", second)},
			"miss:passed expires:passed hit:unchecked no-wait:unchecked errors-not-cached:unchecked"},
		{"expired", [][]apm.Span{missed(10, "war", 0), hit(20, "war", 20*second), missed(30, "war", 31*second)},
			"miss:passed expires:passed hit:passed no-wait:passed errors-not-cached:unchecked"},
		{"at the same time", [][]apm.Span{missed(10, "war", 0), missed(20, "war", 100)},
			"miss:passed expires:passed hit:unchecked no-wait:unchecked errors-not-cached:unchecked"},
		{"not cached", [][]apm.Span{missed(10, "war", 0), missed(20, "war", second)},
			"miss:passed expires:passed hit:failed no-wait:unchecked errors-not-cached:unchecked"},
		{"slow", [][]apm.Span{missed(10, "war", 0), answer(20, "war", second, 490, command("get"))},
			"miss:passed expires:passed hit:passed no-wait:failed errors-not-cached:unchecked"},
		{"an error", [][]apm.Span{failed(missed(10, "art", 0)), failed(missed(20, "art", second))},
			"miss:unchecked expires:unchecked hit:unchecked no-wait:unchecked errors-not-cached:failed"},
		{"an error that isn't cached", [][]apm.Span{failed(unwritten(10, "art", 0)), failed(unwritten(20, "art", second))},
			"miss:unchecked expires:unchecked hit:unchecked no-wait:unchecked errors-not-cached:passed"},
		{"an error from the cache", [][]apm.Span{failed(unwritten(10, "art", 0)), failed(hit(20, "art", second))},
			"miss:unchecked expires:unchecked hit:unchecked no-wait:unchecked errors-not-cached:failed"},
		{"nothing failed", [][]apm.Span{missed(10, "art", 0), hit(20, "art", second)},
			"miss:unchecked expires:unchecked hit:unchecked no-wait:unchecked errors-not-cached:failed"},
		{"a slow machine", [][]apm.Span{missed(10, "war", 0),
			answer(20, "war", second, 200, command("get"), command("get"), command("get"), command("get"))},
			"miss:passed expires:passed hit:passed no-wait:passed errors-not-cached:unchecked"},
		{"connecting", [][]apm.Span{connected(missed(10, "war", 0)), connected(hit(20, "war", second))},
			"miss:passed expires:passed hit:passed no-wait:passed errors-not-cached:unchecked"},
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

// TestJudge_CancelledSet explains a set that was cancelled together with its request.
func TestJudge_CancelledSet(t *testing.T) {
	spans := missed(10, "war", 0)
	set := &spans[len(spans)-1]
	set.Error, set.Meta["error.message"] = true, "context canceled"
	for _, r := range lesson.Judge(5, lesson.RequestsOf(traces(spans...))) {
		if r.ID == "miss" && (r.State != lesson.Failed || !strings.Contains(r.Finding.Cause, "goroutine")) {
			t.Errorf("the cause is %+v, want one about a goroutine", r.Finding)
		}
	}
}

// TestJudge_ExpiresCause explains an expiration without a unit, and no other one, by the
// unit.
func TestJudge_ExpiresCause(t *testing.T) {
	for _, c := range []struct{ option, instead, cause string }{
		{"", "It has no expiration, so the thought stays in Redis forever.", "The last argument of Set is 0"},
		{"px 1", "Its expiration is 1 ms.", "without a unit"},
		{"px 30", "Its expiration is 30 ms.", "says how long"},
		{"ex 1800", "Its expiration is 30 min.", "says how long"},
	} {
		spans := missed(10, "war", 0)
		spans[len(spans)-1].Meta["redis.raw_command"] = "set thought:war: {} " + c.option + ": "
		for _, r := range lesson.Judge(5, lesson.RequestsOf(traces(spans...))) {
			if r.ID == "expires" && (r.State != lesson.Failed || r.Finding.Instead != c.instead ||
				!strings.Contains(r.Finding.Cause, c.cause)) {
				t.Errorf("%q: the finding is %+v, want %q because %q", c.option, r.Finding, c.instead, c.cause)
			}
		}
	}
}
