package lesson

import (
	"fmt"
	"strings"
	"time"

	"thinker/shared/apm"
)

// lifetime is how long a thought is remembered.
const lifetime = 30 * time.Second

// redisCache is lesson 5: what was thought once is remembered.
func redisCache() []Expectation {
	mankind, art := "/think/?subject=mankind", "/think/?subject=art"
	return []Expectation{
		{
			ID: "miss", Says: "The first time, think asks Redis in vain, then the database, and then has Redis remember it.", Asks: []string{mankind},
			judge: byLast(missed, firstOf(entered, thinkSpans, miss)),
		},
		{
			ID: "hit", Says: "The second time within 30 seconds, think asks Redis alone.", Asks: []string{mankind, mankind},
			judge: judgeHit,
		},
		{
			ID: "fast", Says: "The second time takes at most a tenth of the first.", Asks: []string{mankind, mankind},
			judge: judgeFast,
		},
		{
			ID: "errors-not-kept", Says: "Only thoughts are remembered: asked again for what failed, the database is asked again.", Asks: []string{art, art},
			judge: judgeErrors,
		},
	}
}

// missed fits a request that had to think: what was remembered before this code ran
// says nothing of it.
func missed(s *story) bool { return someKnown(s) && !s.remembered() }

func reads(span *apm.Span) bool  { return isRedis(span) && strings.Contains(command(span), "get") }
func writes(span *apm.Span) bool { return isRedis(span) && strings.Contains(command(span), "set") }

// command is the Redis command that a span is for, in lower case.
func command(span *apm.Span) string {
	word, _, _ := strings.Cut(strings.TrimSpace(span.Resource), " ")
	return strings.ToLower(word)
}

// miss finds a subject that is thought about without get, query and set below its
// think span, in this order.
func miss(s *story) *Finding {
	for _, subject := range s.subjects {
		expected := fmt.Sprintf("Below the think span for %s there are, one after the other: get, the query, set.", subject)
		think := s.think(subject)
		gets, queries, sets := s.allBelow(think, reads), s.allBelow(think, isQuery), s.allBelow(think, writes)
		stray := s.first(isRedis)
		switch {
		case len(queries) == 0:
			return s.queryless(expected, think)
		case len(gets)+len(sets) == 0 && stray == nil:
			return s.finding(expected, "No Redis command is to be seen.",
				"The client is not traced (redistrace.WrapClient), or is not asked at all.", mark{think, "neither get nor set below it"})
		case len(gets)+len(sets) == 0 && stray.TraceID != think.TraceID:
			return s.finding(expected, "The Redis commands began traces of their own.",
				"They are sent with a context that carries no span, such as context.Background(): give them the one that think has from starting its span.",
				mark{think, "neither get nor set below it"}, mark{stray, "not below think"})
		case len(gets)+len(sets) == 0:
			return s.finding(expected, "The Redis commands are not below think.",
				"They are sent with the context of the request: give them the one that think has from starting its span.",
				mark{think, "neither get nor set below it"}, mark{stray, "not below think"})
		case len(gets) == 0:
			return s.finding(expected, "There is a set, but no get.", "Redis is told the thought, but not asked for it first.",
				mark{think, "no get below it"})
		case len(sets) == 0:
			return s.finding(expected, "There is a get, but no set.", "What was thought is never written to Redis, or with a context that carries no span.",
				mark{think, "no set below it"})
		case gets[0].Start > queries[0].Start:
			return s.finding(expected, "The query comes before the get.", "The database is asked first. Ask Redis first, and the database only where Redis has nothing.",
				mark{queries[0], "comes first"})
		case sets[len(sets)-1].Start < queries[0].Start:
			return s.finding(expected, "The set comes before the query.", "Something is written before it is known what the thought is.",
				mark{sets[0], "comes too soon"})
		}
		for _, span := range append(gets, sets...) {
			if span.Error {
				return s.finding(expected, fmt.Sprintf("Redis failed at %s: %s", command(span), apm.Printable(span.ErrorMessage(), 160)),
					"Redis does not answer, or not in time: is it asked at REDIS_ADDR?", mark{span, "failed"})
			}
		}
	}
	return nil
}
