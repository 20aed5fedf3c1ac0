package lesson

import (
	"fmt"
	"regexp"
	"strconv"
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

// A pair is a subject that was thought about, and asked for again within the time
// that it is remembered.
type pair struct{ first, second *story }

// lastPair is the last one of which fits holds, and whose first request had to think.
func lastPair(requests []Request, fits func(*story) bool) (pair, bool) {
	stories := make([]*story, len(requests)) // there may be thousands: each is read once
	read := func(i int) *story {
		if stories[i] == nil {
			stories[i] = newStory(requests[i])
		}
		return stories[i]
	}
	for i := len(requests) - 1; i > 0; i-- {
		second := requests[i]
		for j := i - 1; j >= 0; j-- {
			first := requests[j]
			if first.Path == second.Path && !first.End.After(second.Start) && second.Start.Sub(first.End) < lifetime-time.Second &&
				fits(read(i)) && !read(j).remembered() {
				return pair{read(j), read(i)}, true
			}
		}
	}
	return pair{}, false
}

// judgeHit wants get alone below the second request's think.
func judgeHit(requests []Request) Verdict {
	p, ok := lastPair(requests, someKnown)
	if !ok || firstOf(entered, thinkSpans, miss)(p.first) != nil || firstOf(entered, thinkSpans)(p.second) != nil {
		return Verdict{}
	}
	return p.second.verdict(p.hit())
}

func (p pair) hit() *Finding {
	for _, subject := range p.second.subjects {
		expected := fmt.Sprintf("Asked for %s again, there is a get below think, and neither a query nor a set.", subject)
		think := p.second.think(subject)
		gets, queries := p.second.allBelow(think, reads), p.second.allBelow(think, isQuery)
		if len(gets) > 0 && len(queries) == 0 && len(p.second.allBelow(think, writes)) == 0 {
			continue
		}
		switch {
		case len(gets) == 0:
			return p.second.finding(expected, "Redis was not asked.", "Something else remembers the thought, or the get has a context that carries no span.",
				mark{think, "no get below it"})
		case len(queries) > 0:
			return p.second.finding(expected, "The database was asked again.", p.whyAgain(subject), mark{queries[0], "not needed if it were remembered"})
		}
		set := p.second.allBelow(think, writes)[0]
		return p.second.finding(expected, "What was remembered is written again.", "Set belongs to the way on which something was thought.",
			mark{set, "not needed"})
	}
	return nil
}

var expiry = regexp.MustCompile(`(?i) (ex|px) (\d+)`)

// whyAgain is the likely reason that a thought was not found again, by the commands.
func (p pair) whyAgain(subject string) string {
	set := p.first.allBelow(p.first.think(subject), writes)[0].Meta["redis.raw_command"]
	get := p.second.allBelow(p.second.think(subject), reads)[0].Meta["redis.raw_command"]
	written, asked := key(set), key(get)
	if written != "" && asked != "" && written != asked {
		return fmt.Sprintf("It is written under the key %s, and asked for under %s.", written, asked)
	}
	if found := expiry.FindStringSubmatch(set); found != nil {
		n, _ := strconv.Atoi(found[2])
		kept := time.Duration(n) * time.Second
		if strings.EqualFold(found[1], "px") {
			kept = time.Duration(n) * time.Millisecond
		}
		if kept < lifetime {
			return fmt.Sprintf("It is kept for %s only: a time.Duration without its unit is in nanoseconds, and 30 seconds are 30 * time.Second.", kept)
		}
	}
	return "What get returns is not used: is it decoded as it was encoded, and returned before anything is thought?"
}

// key is the second word of a Redis command.
func key(raw string) string {
	words := strings.Fields(raw)
	if len(words) < 2 {
		return ""
	}
	return apm.Printable(strings.TrimSuffix(words[1], ":"), 80)
}

// judgeFast wants the second request to take a tenth of the first.
func judgeFast(requests []Request) Verdict {
	if judgeHit(requests).State != Met {
		return Verdict{}
	}
	p, _ := lastPair(requests, someKnown)
	first, second := p.first.api.Duration, p.second.api.Duration
	if second <= first/10 {
		return p.second.verdict(nil)
	}
	return p.second.verdict(p.second.finding("The second request takes at most a tenth of the first.",
		fmt.Sprintf("The first took %s, the second %s.", apm.FormatDuration(first), apm.FormatDuration(second)),
		"The delay of a thought comes before Redis is asked, or also after it has answered. It belongs to what is done where nothing is remembered.",
		mark{p.second.think(p.second.subjects[0]), "still takes its time"}))
}

// judgeErrors wants what failed to be tried again.
func judgeErrors(requests []Request) Verdict {
	p, ok := lastPair(requests, someUnknown)
	if !ok {
		return Verdict{}
	}
	for _, s := range []*story{p.first, p.second} {
		if finding := answered(s); finding != nil {
			return s.verdict(finding)
		} else if firstOf(apiSpan, thinkerSpan, thinkSpans)(s) != nil {
			return Verdict{}
		}
	}
	return p.second.verdict(p.errors())
}

func (p pair) errors() *Finding {
	for _, subject := range p.second.subjects {
		if known(subject) {
			continue
		}
		expected := fmt.Sprintf("There is no thought on %s: each time it is an error and the database is asked, or each time it is the thought by The Machine.", subject)
		think := p.second.think(subject)
		failed := p.first.think(subject).Error
		before, knownBefore := p.first.answer(subject)
		again, knownAgain := p.second.answer(subject)
		switch {
		case knownBefore && knownAgain && before != again:
			return p.second.finding(expected, fmt.Sprintf("The first answer is %s, the second %s.", apm.Printable(p.first.Body, 200), apm.Printable(p.second.Body, 200)),
				"An error was remembered as if it were a thought: set what think returns only where it returns no error.",
				mark{think, "not as it was the first time"})
		case failed && len(p.second.allBelow(think, isQuery)) == 0:
			return p.second.finding(expected, "The second time, the database was not asked.",
				"The error was remembered: set what think returns only where it returns no error.",
				mark{think, "no query below it"})
		case knownAgain && !again.Error && again.Quote == "":
			return p.second.finding(expected, "The answer is a thought without a quote: "+apm.Printable(p.second.Body, 200),
				"An empty thought is remembered, or returned where there is no row.", mark{think, "an empty thought"})
		}
	}
	return nil
}
