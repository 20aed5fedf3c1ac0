package lesson

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
)

// lifetime is how long a thought stays in the cache.
const lifetime = 30 * time.Second

// redisCache is lesson 5: a thought is cached, and a repeated request is fast.
// See decisions/dead-redis.md.
func redisCache() judges {
	return judges{
		"miss":              byLast(missed, firstOf(entered, thinkSpans, miss)),
		"expires":           byLast(missed, expires, entered, thinkSpans, unwritten),
		"hit":               judgeHit,
		"no-wait":           judgeNoWait,
		"errors-not-cached": judgeErrors,
	}
}

// missed fits a request that had to query for a known subject. One that found its
// thought in the cache says nothing about the code that put it there.
func missed(s *story) bool { return someKnown(s) && !s.cached() }

func reads(span *apm.Span) bool  { return sends(span, "get") }
func writes(span *apm.Span) bool { return sends(span, "set") }

// stores reports whether a span is for a set that worked.
func stores(span *apm.Span) bool { return writes(span) && !span.Error }

// sends reports whether a span is for a Redis command with a word in its name: get,
// mget and getex have get.
func sends(span *apm.Span, word string) bool {
	return isRedis(span) && slices.ContainsFunc(commands(span),
		func(name string) bool { return strings.Contains(name, word) })
}

// commands returns the names of a span's Redis commands, in lower case. A pipeline has
// several.
func commands(span *apm.Span) (names []string) {
	if command(span) != "redis.pipeline" {
		return []string{command(span)}
	}
	for line := range strings.Lines(strings.ToLower(span.Meta["redis.raw_command"])) {
		name, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		names = append(names, strings.TrimSuffix(name, ":"))
	}
	return names
}

// command returns the Redis command of a span, in lower case.
func command(span *apm.Span) string {
	word, _, _ := strings.Cut(strings.TrimSpace(span.Resource), " ")
	return strings.ToLower(word)
}

// connects reports whether a span is for setting up a connection to Redis. The
// client does that by itself, whenever it opens one, so no lesson judges it.
// See decisions/redis-first-connection.md.
func connects(span *apm.Span) bool {
	if !isRedis(span) {
		return false
	}
	for _, name := range commands(span) {
		if span.Name != "redis.dial" &&
			!slices.Contains([]string{"hello", "client", "auth", "select", "ping", "readonly"}, name) {
			return false
		}
	}
	return true
}

// miss finds a subject without get, query and set below its think span, in this order.
func miss(s *story) *Finding {
	for _, subject := range s.subjects {
		expected := fmt.Sprintf("Below the think span for %s there are three spans, in this order: get, the query, set.",
			subject)
		think := s.think(subject)
		gets, queries, sets := s.allBelow(think, reads), s.allBelow(think, isQuery), s.allBelow(think, writes)
		switch {
		case len(queries) == 0:
			return s.queryElsewhere(expected, think)
		case s.first(isRedis) == nil:
			const untraced = "The client isn't traced. Call redistrace.WrapClient(client) where you create it."
			const ask = "Have think call Get before it waits, and Set after the query."
			cause := s.Code.likely("thinker", untraced+" Or: no command is sent.",
				clue{lacks: `go-redis/v9`, cause: "The code doesn't use Redis yet. Create a client with redis.NewClient, and h" +
					ask[1:]},
				clue{lacks: `redistrace\.`, cause: untraced},
				clue{cause: "No command is sent. " + ask})
			return s.finding(expected, "There is no Redis command.", cause, mark{think, "no get and no set below it"})
		case len(gets) == 0:
			return s.commandElsewhere(expected, think, reads, "get",
				"think never reads from Redis. Call Get before the wait, and return early if it finds the thought.")
		case len(sets) == 0:
			return s.commandElsewhere(expected, think, writes, "set",
				"The thought is never written to Redis. Call Set after the query, before think returns.")
		case gets[0].Start > queries[0].Start:
			return s.finding(expected, "The query comes before the get.",
				"The database is queried first. Read from Redis first, and query the database only if Redis has nothing.",
				mark{queries[0], "too early"})
		case sets[len(sets)-1].Start < queries[0].Start:
			return s.finding(expected, "The set comes before the query.",
				"Something is written to Redis before the thought is known.",
				mark{sets[0], "too early"})
		case sets[0].Start >= think.End():
			return s.finding(expected, "The set starts after think has returned.",
				"Set runs in its own goroutine (go …), which outlives the request. Call it before think returns.",
				mark{think, "ended earlier"}, mark{sets[0], "too late"})
		}
		for _, span := range append(gets, sets...) {
			if !span.Error {
				continue
			}
			cause := "Redis doesn't respond, or not in time. Connect to the address in REDIS_ADDR."
			switch {
			case strings.Contains(span.ErrorMessage(), "can't marshal"):
				cause = "Redis stores text and bytes, and the client can't convert this value. " +
					"Encode it before you call Set, for example with json.Marshal."
			case strings.Contains(span.ErrorMessage(), "context canceled"):
				cause = "The request ended before the command did, and that cancelled its context. " +
					"A goroutine (go …) outlives the request: call the command before think returns."
			}
			return s.finding(expected, fmt.Sprintf("The %s failed: %s", command(span),
				format.Printable(span.ErrorMessage(), 160)), cause, mark{span, "failed"})
		}
	}
	return nil
}

// commandElsewhere returns a finding for a command that isn't below a think span.
func (s *story) commandElsewhere(expected string, think *apm.Span, fits func(*apm.Span) bool, command,
	never string) *Finding {
	span := s.first(fits)
	nothing := mark{think, fmt.Sprintf("no %s below it", command)}
	switch {
	case span == nil:
		return s.finding(expected, fmt.Sprintf("There is no %s.", command), never, nothing)
	case span.TraceID != think.TraceID:
		return s.finding(expected, fmt.Sprintf("The %s started a trace of its own.", command),
			"Its context carries no span: it's context.Background(), or a context made from it. "+
				"Pass the ctx that tracer.StartSpanFromContext returns in think.",
			nothing, mark{span, "no parent"})
	case s.parent(span) == nil:
		return s.finding(expected, fmt.Sprintf("The parent of the %s is missing.", command), missingParent,
			nothing, mark{span, "its parent is missing"})
	case span.Start < think.Start:
		return s.finding(expected, fmt.Sprintf("The %s is below %s, and it comes before think.", command,
			named(s.parent(span))),
			fmt.Sprintf("The code calls Redis before it starts the think span. Start the span first, so that think covers "+
				"the %s too.", command),
			nothing, mark{span, "before think"})
	}
	return s.finding(expected, fmt.Sprintf("The %s is below %s.", command, named(s.parent(span))),
		"It uses the request's context, without the think span. Pass the ctx that tracer.StartSpanFromContext "+
			"returns in think.",
		nothing, mark{span, "not below think"})
}

// unwritten finds a think span that stored no thought, so nothing can be said about
// how long one stays.
func unwritten(s *story) *Finding {
	for _, subject := range s.subjects {
		if len(s.allBelow(s.think(subject), stores)) == 0 {
			return s.finding("", "", "")
		}
	}
	return nil
}

// expires finds a thought that stays in Redis forever, or for another time.
func expires(s *story) *Finding {
	const expected = "The set has an expiration of 30 seconds."
	for _, subject := range s.subjects {
		set := s.allBelow(s.think(subject), stores)[0]
		raw := set.Meta["redis.raw_command"]
		stays, ok := expiration(raw)
		switch {
		case raw == "" || len(s.allBelow(s.think(subject), func(span *apm.Span) bool { return sends(span, "expire") })) > 0:
			// The command isn't recorded, or another one sets the expiration.
		case !ok:
			return s.finding(expected, "It has no expiration, so the thought stays in Redis forever.",
				"The last argument of Set is 0, or redis.KeepTTL. Pass 30 * time.Second.", mark{set, "no expiration"})
		case stays <= time.Millisecond: // the client's shortest expiration
			return s.finding(expected, fmt.Sprintf("Its expiration is %s.", format.Duration(stays)),
				"A time.Duration without a unit is in nanoseconds, and the client rounds it up to 1 ms. Pass 30 * time.Second.",
				mark{set, "expires after " + format.Duration(stays)})
		case stays != lifetime:
			return s.finding(expected, fmt.Sprintf("Its expiration is %s.", format.Duration(stays)),
				"The last argument of Set says how long the thought stays. Pass 30 * time.Second.",
				mark{set, "expires after " + format.Duration(stays)})
		}
	}
	return nil
}
