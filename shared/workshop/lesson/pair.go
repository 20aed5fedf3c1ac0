package lesson

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"thinker/shared/apm"
)

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
