package intake

import (
	"maps"
	"sync"
)

// Stats counts what the intake has done since it began.
type Stats struct {
	Payloads int   // trace payloads taken in, tracers' empty probes among them
	Spans    int   // spans handed to the sink
	Bytes    int64 // of those payloads, unpacked

	Discarded map[string]int // requests accepted and thrown away, by endpoint
	Refused   map[string]int // requests, and single spans of payloads taken in, by reason
}

// Stats is a copy of the counts as they stand.
func (in *Intake) Stats() Stats {
	in.tally.mu.Lock()
	defer in.tally.mu.Unlock()
	stats := in.tally.Stats
	stats.Discarded = maps.Clone(stats.Discarded)
	stats.Refused = maps.Clone(stats.Refused)
	return stats
}

// Refused is the number of requests and single spans refused, for any reason.
func (in *Intake) Refused() int {
	total := 0
	for _, n := range in.Stats().Refused {
		total += n
	}
	return total
}

// tally is Stats in the making.
type tally struct {
	mu sync.Mutex
	Stats
}

func (t *tally) took(spans, invalid, bytes int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.Payloads++
	t.Spans += spans
	t.Bytes += int64(bytes)
	if invalid > 0 {
		count(&t.Stats.Refused, reasonNoID, invalid)
	}
}

func (t *tally) discarded(endpoint string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	count(&t.Discarded, endpoint, 1)
}

func (t *tally) refused(reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	count(&t.Stats.Refused, reason, 1)
}

func count(counts *map[string]int, key string, n int) {
	if *counts == nil {
		*counts = map[string]int{}
	}
	(*counts)[key] += n
}
