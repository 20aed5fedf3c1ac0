package lesson

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
)

// A pair is two requests for the same subjects, the second while the thoughts of the
// first are in the cache.
type pair struct{ first, second *story }

// lastPair returns the last pair that fits, and whose first request was a miss.
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
			pause := second.Sent.Sub(first.End())
			if first.Path == second.Path && pause >= 0 && pause < lifetime-time.Second && fits(read(i)) && !read(j).cached() {
				return pair{read(j), read(i)}, true
			}
		}
	}
	return pair{}, false
}

// judgeHit expects nothing but a get below the second request's think span, and
// another key for each subject.
func judgeHit(requests []Request) Verdict {
	p, ok := lastPair(requests, someKnown)
	if !ok || firstOf(entered, thinkSpans, miss)(p.first) != nil || firstOf(entered, thinkSpans)(p.second) != nil {
		return Verdict{}
	}
	if finding := p.hit(); finding != nil {
		return p.second.verdict(finding)
	}
	for _, r := range requests {
		if r.Sent.Before(p.first.Sent) || r.Sent.After(p.second.End().Add(lifetime)) {
			continue // the key would have expired
		}
		if s := newStory(r); firstOf(entered, thinkSpans)(s) == nil {
			if finding := p.sharedKey(s); finding != nil {
				return s.verdict(finding)
			}
		}
	}
	return p.second.verdict(nil)
}

func (p pair) hit() *Finding {
	for _, subject := range p.second.subjects {
		expected := fmt.Sprintf("On the second request for %s, there is only a get below think: no query and no set.",
			subject)
		think := p.second.think(subject)
		gets, queries := p.second.allBelow(think, reads), p.second.allBelow(think, isQuery)
		if len(gets) > 0 && len(queries) == 0 && len(p.second.allBelow(think, writes)) == 0 {
			continue
		}
		switch {
		case len(gets) == 0:
			return p.second.commandElsewhere(expected, think, reads, "get",
				"The thought doesn't come from Redis, but from somewhere else, such as a map in the microservice.")
		case len(queries) > 0:
			return p.second.finding(expected, "The database is queried again.", p.whyMissed(subject),
				mark{queries[0], "not needed on a hit"})
		}
		set := p.second.allBelow(think, writes)[0]
		return p.second.finding(expected, "The cached thought is written again.",
			"Set is called on a hit too. Call it only after a query.",
			mark{set, "not needed on a hit"})
	}
	return nil
}

// sharedKey finds a request for other subjects that reads one of the pair's keys.
func (p pair) sharedKey(s *story) *Finding {
	for _, mine := range p.second.subjects {
		for _, other := range s.subjects {
			if mine == other {
				continue
			}
			gets, others := p.second.allBelow(p.second.think(mine), reads), s.allBelow(s.think(other), reads)
			if len(gets) == 0 || len(others) == 0 {
				continue
			}
			shared := key(gets[0].Meta["redis.raw_command"])
			if shared == "" || shared != key(others[0].Meta["redis.raw_command"]) {
				continue
			}
			instead := fmt.Sprintf("The requests for %s and for %s read the same key, %s.", mine, other, shared)
			if answer, ok := s.answer(other); ok {
				if cached, _ := p.second.answer(mine); cached.Quote != "" && cached.Quote == answer.Quote {
					instead = fmt.Sprintf("The response about %s is the thought about %s.", other, mine)
				}
			}
			return s.finding("Each subject has a key of its own in Redis.", instead,
				fmt.Sprintf("Every subject uses the key %s, in Get and in Set. Make the subject part of it.", shared),
				mark{others[0], "key " + shared})
		}
	}
	return nil
}

var options = regexp.MustCompile(`(?i) (ex|px) (\d+)`)

// expiration returns how long the value of a set command stays in Redis.
func expiration(raw string) (time.Duration, bool) {
	if words := strings.Fields(raw); len(words) > 3 &&
		(strings.EqualFold(words[0], "setex") || strings.EqualFold(words[0], "psetex")) {
		raw = " " + map[bool]string{true: "ex", false: "px"}[strings.EqualFold(words[0], "setex")] + " " + words[2]
	}
	all := options.FindAllStringSubmatch(raw, -1)
	if len(all) == 0 {
		return 0, false
	}
	found := all[len(all)-1] // what is before it may be the thought's own words
	n, _ := strconv.Atoi(found[2])
	if strings.EqualFold(found[1], "px") {
		return time.Duration(n) * time.Millisecond, true
	}
	return time.Duration(n) * time.Second, true
}

// whyMissed is the likely reason that a cached thought wasn't found, by the commands.
func (p pair) whyMissed(subject string) string {
	set := p.first.allBelow(p.first.think(subject), writes)[0].Meta["redis.raw_command"]
	get := p.second.allBelow(p.second.think(subject), reads)[0].Meta["redis.raw_command"]
	written, read := key(set), key(get)
	if written != "" && read != "" && written != read {
		return fmt.Sprintf("Set uses the key %s, and Get uses %s. Use the same key for both.", written, read)
	}
	if stays, ok := expiration(set); ok && stays < lifetime {
		return fmt.Sprintf("The thought stays in Redis for only %s. Pass Set 30 * time.Second.", format.Duration(stays))
	}
	return "think doesn't return what Get found. Decode it the way it was encoded, and return it before the wait and " +
		"the query."
}

// key returns the second word of a Redis command.
func key(raw string) string {
	words := strings.Fields(raw)
	if len(words) < 2 {
		return ""
	}
	return format.Printable(strings.TrimSuffix(words[1], ":"), 80)
}

// measurable is the shortest wait that stands out from a busy machine's delays.
const measurable = 20 * time.Millisecond

// judgeNoWait compares how long think waits on a hit and on a miss.
func judgeNoWait(requests []Request) Verdict {
	p, ok := lastPair(requests, someKnown)
	if !ok || firstOf(entered, thinkSpans, miss)(p.first) != nil || firstOf(entered, thinkSpans)(p.second) != nil ||
		p.hit() != nil {
		return Verdict{}
	}
	for _, subject := range p.second.subjects {
		miss, hit := p.first.wait(subject), p.second.wait(subject)
		if hit < miss/2 || miss < measurable {
			continue
		}
		think := p.second.think(subject)
		return p.second.verdict(p.second.finding("On a cache hit, there is no wait in think.",
			fmt.Sprintf("think waited %s on the miss, and %s on the hit.", format.Duration(miss), format.Duration(hit)),
			"think waits before it calls Get, or even after Get found the thought. "+
				"Wait only after a miss, right before the query.",
			mark{think, "still waits"}))
	}
	return p.second.verdict(nil)
}

// wait returns the longest time in the think span for a subject in which nothing
// below it runs.
func (s *story) wait(subject string) time.Duration {
	think := s.think(subject)
	at, longest := think.Start, int64(0)
	for _, span := range s.allBelow(think, func(*apm.Span) bool { return true }) { // by their start
		longest = max(longest, span.Start-at)
		at = max(at, span.End())
	}
	return time.Duration(max(longest, think.End()-at))
}

// judgeErrors expects that a failed subject is looked up again.
func judgeErrors(requests []Request) Verdict {
	p, ok := lastPair(requests, someUnknown)
	if !ok {
		return Verdict{}
	}
	for _, s := range []*story{p.first, p.second} {
		if finding := answered(s); finding != nil {
			for _, span := range s.spans {
				if strings.Contains(span.ErrorMessage(), "no rows in result set") {
					finding.Cause = `sql.ErrNoRows reaches the caller. find has to return unknownSubject instead: ` +
						`the microservice turns that into "Subject unknown".`
				}
			}
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
		const only = "Call Set only if find returned no error."
		expected := fmt.Sprintf("There is no thought about %s, so each request for it queries the database, and think "+
			"is an error.", subject)
		before, again := p.first.think(subject), p.second.think(subject)
		reply, known := p.second.answer(subject)
		switch {
		case !before.Error:
			return p.first.finding(expected, "On the first request, think isn't an error, so there was no error to cache.",
				"find has to return unknownSubject for a missing row, as in step 4. The Machine isn't part of this step.",
				mark{before, "should be an error"})
		case !again.Error && known && reply.Quote == "":
			return p.second.finding(expected,
				"The second response is a thought without a quote: "+format.Printable(p.second.Body, 200),
				"An empty thought was cached along with the error. "+only, mark{again, "should be an error"})
		case !again.Error:
			return p.second.finding(expected, "On the second request, think isn't an error.",
				"Something was cached along with the error. "+only, mark{again, "should be an error"})
		case len(p.second.allBelow(again, isQuery)) == 0:
			return p.second.finding(expected, "The second request didn't query the database.",
				"The error was cached. "+only, mark{again, "no query below it"})
		case len(p.first.allBelow(before, writes)) > 0:
			return p.first.finding(expected, "On the first request, think failed, and still wrote to Redis.", only,
				mark{p.first.allBelow(before, writes)[0], "not for an error"})
		}
	}
	return nil
}
