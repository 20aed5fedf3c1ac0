package store

import (
	"math"
	"time"

	"github.com/DataDog/sketches-go/ddsketch/mapping"

	"thinker/shared/apm/internal/stats"
)

// A tally counts requests by duration. Durations within 1 % of each other share a count:
// the mapping of Datadog's sketches numbers them. A slice of counts replaces its DDSketch,
// since a breakdown has up to 200,000 tallies, most of them with few requests. See
// decisions/percentiles.md.
// See decisions/percentiles.md.
type tally struct {
	requests, errors int
	total, max       time.Duration
	least            int      // the number of the first count
	counts           []uint32 // by number
}

// newMapping returns the mapping. It can't fail for an accuracy between 0 and 1.
func newMapping() mapping.IndexMapping {
	m, err := mapping.NewCubicallyInterpolatedMapping(0.01)
	if err != nil {
		panic(err)
	}
	return m
}

// durationMapping never changes.
var durationMapping = newMapping()

// numberOf returns a duration's number; 0 for no time at all.
func numberOf(d time.Duration) int {
	if d <= 0 {
		return 0
	}
	return durationMapping.Index(float64(d)) + 2
}

func durationOf(number int) time.Duration {
	if number == 0 {
		return 0
	}
	return time.Duration(min(math.Round(durationMapping.Value(number-2)), math.Nextafter(math.MaxInt64, 0)))
}

func (t *tally) add(d time.Duration, failed bool) {
	t.requests++
	if failed {
		t.errors++
	}
	t.total = plus(t.total, d)
	t.max = max(t.max, d)
	t.count(numberOf(d), 1)
}

// plus adds durations. A sum that is out of range is the longest duration.
func plus(a, b time.Duration) time.Duration {
	if sum := a + b; sum >= a {
		return sum
	}
	return math.MaxInt64
}

// count makes room for a number and counts it.
func (t *tally) count(number int, n uint32) {
	const chunk = 16 // numbers that are added at once
	switch at := number - t.least; {
	case t.counts == nil:
		t.least = max(0, number-chunk/2)
		t.counts = make([]uint32, chunk)
	case at < 0:
		least := max(0, number-chunk)
		t.counts = append(make([]uint32, t.least-least, t.least-least+len(t.counts)), t.counts...)
		t.least = least
	case at >= len(t.counts):
		t.counts = append(t.counts, make([]uint32, at-len(t.counts)+chunk)...)
	}
	t.counts[number-t.least] += n
}

func (t *tally) merge(other *tally) {
	t.requests += other.requests
	t.errors += other.errors
	t.total = plus(t.total, other.total)
	t.max = max(t.max, other.max)
	for i, n := range other.counts {
		if n > 0 {
			t.count(other.least+i, n)
		}
	}
}

// figures returns the figures of the requests. Percentiles use the nearest rank. If that is
// the slowest request, its duration is exact.
func (t *tally) figures() stats.Figures {
	f := stats.Figures{Requests: t.requests, Errors: t.errors, Total: t.total, Max: t.max}
	if t.requests == 0 {
		return f
	}
	ranks := [...]struct {
		percent int
		to      *time.Duration
	}{{50, &f.P50}, {75, &f.P75}, {90, &f.P90}, {95, &f.P95}, {99, &f.P99}}
	seen, next := 0, 0
	for i, n := range t.counts {
		seen += int(n)
		for ; next < len(ranks); next++ {
			rank := (ranks[next].percent*t.requests + 99) / 100
			if seen < rank {
				break
			}
			*ranks[next].to = min(durationOf(t.least+i), t.max)
			if rank == t.requests {
				*ranks[next].to = t.max
			}
		}
	}
	return f
}

func (t *tally) distribution() (all []stats.Latency) {
	for i, n := range t.counts {
		if n > 0 {
			all = append(all, stats.Latency{Duration: durationOf(t.least + i), Requests: int(n)})
		}
	}
	return all
}
