package web

import (
	"time"

	"thinker/shared/apm/format"
)

// A tick is a mark on a trace's time axis.
type tick struct {
	X      string // in percent of the axis
	Label  string
	Anchor string // which end of the label stands at X, as SVG says it
	Minor  bool   // left out where the page is narrow
}

// ticks marks an axis of the given length at round times, at most seven.
func ticks(length time.Duration) []tick {
	if length <= 0 {
		return []tick{{X: coordinate(0), Label: "0", Anchor: "start"}}
	}
	step := roundStep(length / 6)
	marks := []tick{{X: coordinate(0), Label: "0", Anchor: "start"}}
	for n, at := 1, step; at <= length && at > 0; n, at = n+1, at+step {
		x := 100 * float64(at) / float64(length)
		mark := tick{X: coordinate(x), Label: format.Duration(at), Anchor: "middle", Minor: n%2 == 1}
		if x > 95 {
			mark.Anchor = "end"
		}
		marks = append(marks, mark)
	}
	return marks
}

// roundStep is the first of 1, 2, 5, 10, 20, 50, … nanoseconds, from a minute
// on of 1, 2, 5, 10, 20, 30 minutes and whole hours, that is no less than least.
func roundStep(least time.Duration) time.Duration {
	for unit := time.Nanosecond; unit < 100*time.Second; unit *= 10 {
		for _, n := range []time.Duration{1, 2, 5} {
			if step := n * unit; step >= least && step < time.Minute {
				return step
			}
		}
	}
	for _, minutes := range []time.Duration{1, 2, 5, 10, 20, 30} {
		if step := minutes * time.Minute; step >= least {
			return step
		}
	}
	hours := time.Hour
	for hours < least && hours*2 > hours {
		hours *= 2
	}
	return hours
}
