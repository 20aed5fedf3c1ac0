package web

import (
	"fmt"
	"strings"

	"thinker/shared/apm"
)

// What pages say in words about the figures that they hold.

// KeptText says how much is kept, and of how much.
func (f frame) KeptText() string {
	kept := fmt.Sprintf("%s, %s of at most %s spans", apm.FormatCount(f.Kept.Traces, "trace", "traces"), apm.FormatNumber(f.Kept.Spans), apm.FormatNumber(f.Kept.MaxSpans))
	if f.Kept.MaxBytes > 0 {
		kept += fmt.Sprintf(" and %s of %s MiB", apm.FormatNumber(f.Kept.Bytes>>20), apm.FormatNumber(f.Kept.MaxBytes>>20))
	}
	return kept
}

// Oldest is when the earliest span that is kept began; nil where there is none.
func (f frame) Oldest() *moment {
	if f.Kept.Oldest == 0 {
		return nil
	}
	oldest := momentOf(f.Kept.Oldest)
	return &oldest
}

// LostText says what was lost, each kind by its own name.
func (f frame) LostText() string {
	lost := []string{"0 evicted"}
	if f.Kept.EvictedTraces > 0 {
		lost[0] = fmt.Sprintf("%s evicted (%s)", apm.FormatCount(f.Kept.EvictedTraces, "trace", "traces"), apm.FormatCount(f.Kept.EvictedSpans, "span", "spans"))
	}
	if f.Kept.DamagedSpans > 0 {
		lost = append(lost, apm.FormatCount(f.Kept.DamagedSpans, "span", "spans")+" damaged")
	}
	return strings.Join(append(lost, apm.FormatNumber(f.Refused)+" refused"), ", ")
}
