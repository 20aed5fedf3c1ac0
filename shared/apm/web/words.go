package web

import (
	"fmt"
	"strconv"
	"strings"
)

// What pages say in words about the figures that they hold.

// KeptText says how much is kept, and of how much.
func (f frame) KeptText() string {
	return fmt.Sprintf("%s, %s of at most %s spans", count(f.Kept.Traces, "trace", "traces"), group(f.Kept.Spans), group(f.Kept.MaxSpans))
}

// LostText says what was lost, each kind by its own name.
func (f frame) LostText() string {
	lost := []string{"0 evicted"}
	if f.Kept.EvictedTraces > 0 {
		lost[0] = fmt.Sprintf("%s evicted (%s)", count(f.Kept.EvictedTraces, "trace", "traces"), count(f.Kept.EvictedSpans, "span", "spans"))
	}
	if f.Kept.TruncatedSpans > 0 {
		lost = append(lost, count(f.Kept.TruncatedSpans, "span", "spans")+" of overlong traces dropped")
	}
	return strings.Join(append(lost, group(f.Refused)+" refused"), ", ")
}

// KeptCount says how many traces are kept.
func (f frame) KeptCount() string { return count(f.Kept.Traces, "trace", "traces") }

// ErrorText counts the spans that failed.
func (r listRow) ErrorText() string { return count(r.Errors, "error", "errors") }

// SpansText is the number of spans.
func (r listRow) SpansText() string { return group(r.Spans) }

// ErrorText counts the spans that failed.
func (p tracePage) ErrorText() string { return count(p.Errors, "error", "errors") }

// SpansText counts the spans.
func (p tracePage) SpansText() string { return count(p.Spans, "span", "spans") }

// ServicesText counts the services.
func (p tracePage) ServicesText() string {
	return count(len(p.Breakdown.Parts), "service", "services")
}

// TruncatedText counts the spans that the store had no room for.
func (p tracePage) TruncatedText() string { return count(p.Truncated, "span", "spans") }

// HiddenText counts the spans that the page leaves out.
func (p tracePage) HiddenText() string { return count(p.Hidden, "span", "spans") }

// count writes a number with the noun it counts.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return group(n) + " " + many
}

// group writes a number with its thousands apart: 200,000.
func group(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return group(n/1000) + fmt.Sprintf(",%03d", n%1000)
}
