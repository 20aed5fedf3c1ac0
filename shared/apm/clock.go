package apm

import "time"

// ClockOffset is how far the clock of a span's host seems to be ahead of the
// one of its parent's, at least; negative: behind. A child cannot begin before
// its parent, and one that would fit into it seldom ends after it. Within a
// service there is one clock, and what is less than a millisecond says nothing:
// both give 0.
func ClockOffset(parent, child *Span) time.Duration {
	if parent.Service == child.Service {
		return 0
	}
	offset := int64(0)
	switch late := child.End() - parent.End(); {
	case child.Start < parent.Start:
		offset = child.Start - parent.Start
	case child.Start < parent.End() && late > 0 && child.Duration <= parent.Duration:
		offset = late
	}
	if time.Duration(offset).Abs() < time.Millisecond {
		return 0
	}
	return time.Duration(offset)
}
