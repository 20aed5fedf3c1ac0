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

// KeptCount says how many traces are kept.
func (f frame) KeptCount() string { return apm.FormatCount(f.Kept.Traces, "trace", "traces") }

// ErrorText counts the spans that failed.
func (r listRow) ErrorText() string { return apm.FormatCount(r.Errors, "error", "errors") }

// ErrorsNumber is their number.
func (r listRow) ErrorsNumber() string { return apm.FormatNumber(r.Errors) }

// OthersText counts the attributes that the panel leaves out.
func (p *facetPanel) OthersText() string { return apm.FormatNumber(p.Others) }

// SpansText is the number of spans.
func (r listRow) SpansText() string { return apm.FormatNumber(r.Spans) }

// ErrorText counts the spans that failed.
func (p tracePage) ErrorText() string { return apm.FormatCount(p.Errors, "error", "errors") }

// SpansText counts the spans.
func (p tracePage) SpansText() string { return apm.FormatCount(p.Spans, "span", "spans") }

// ServicesText counts the services.
func (p tracePage) ServicesText() string {
	return apm.FormatCount(p.Services, "service", "services")
}

// TruncatedText counts the spans that are not shown, being too many.
func (p tracePage) TruncatedText() string { return apm.FormatCount(p.Truncated, "span", "spans") }

// HiddenText counts the spans that the page leaves out.
func (w waterfall) HiddenText() string { return apm.FormatCount(w.Hidden, "span", "spans") }

// HiddenText counts the resources that the page leaves out.
func (l spanList) HiddenText() string { return apm.FormatCount(l.Hidden, "resource", "resources") }

// LeftText counts the spans that the page leaves out.
func (f flameView) LeftText() string { return apm.FormatCount(f.Left, "span", "spans") }
