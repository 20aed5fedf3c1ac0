package chart

import (
	"math"
	"strconv"
	"time"
)

// A Tick marks a horizontal axis.
type Tick struct {
	X      string // in percent
	Label  string
	Anchor string // the end of the label that stands at X, as in SVG
	Minor  bool   // hidden on narrow pages

	// Only of times, whose labels are in UTC until the page's script converts them.
	At   string
	Unit string // the smallest unit that labels need: ms, s, m or d
}

// A Mark marks a vertical axis, in percent from the top.
type Mark struct{ Y, Label string }

// Marks returns marks at round values for a vertical axis up to top, and the value of the
// highest mark. Whole numbers get whole marks.
func Marks(top float64, write func(float64) string) (marks []Mark, highest float64) {
	if top <= 0 {
		top = 1
	}
	step := roundUp(top / 3)
	if top == math.Trunc(top) {
		step = max(1, step)
	}
	steps := math.Ceil(top / step * (1 - 1e-9))
	for i := 0.0; i <= steps; i++ {
		marks = append(marks, Mark{Y: Coordinate(100 - 100*i/steps), Label: write(i * step)})
	}
	return marks, steps * step
}

// DurationTicks returns at most seven ticks for an axis that starts at 0.
func DurationTicks(length time.Duration) []Tick {
	if length <= 0 {
		return []Tick{newTick(0, 0, "0")}
	}
	return ticksBetween(0, int64(length), roundStep(length/6), func(at int64) string {
		return Duration(float64(at))
	})
}

// TimeTicks returns ticks for a time range in nanoseconds since the Unix epoch.
func TimeTicks(from, to int64) []Tick {
	const day = 24 * time.Hour
	sixth := min((uint64(to)-uint64(from))/6+1, math.MaxInt64/2) // the length may overflow an int64
	step := max(time.Millisecond, roundStep(time.Duration(sixth)))
	if step > day/2 {
		step = (step + day - 1) / day * day
	}
	unit, layout := "m", "15:04"
	switch {
	case step >= day:
		unit, layout = "d", "Jan 02"
	case step < time.Second:
		unit, layout = "ms", "15:04:05.000"
	case step < time.Minute:
		unit, layout = "s", "15:04:05"
	}
	var times []time.Time
	ticks := ticksBetween(from, to, step, func(at int64) string {
		times = append(times, time.Unix(0, at).UTC())
		return times[len(times)-1].Format(layout)
	})
	for i := range ticks {
		ticks[i].At, ticks[i].Unit = times[i].Format("2006-01-02T15:04:05.000Z"), unit
	}
	return ticks
}

// ticksBetween returns a tick at each multiple of step.
func ticksBetween(from, to int64, step time.Duration, label func(at int64) string) (ticks []Tick) {
	length := float64(uint64(to) - uint64(from))
	first := from + (int64(step)-from%int64(step))%int64(step)
	for at := first; at >= from && at <= to && len(ticks) < 10; at += int64(step) { // at may overflow
		ticks = append(ticks, newTick(len(ticks), 100*float64(at-from)/length, label(at)))
	}
	return ticks
}

// newTick returns the nth tick of an axis. The labels at its ends stay inside it.
func newTick(n int, x float64, label string) Tick {
	t := Tick{X: Coordinate(x), Label: label, Anchor: "middle", Minor: n%2 == 1}
	switch {
	case x < 4:
		t.Anchor = "start"
	case x > 95:
		t.Anchor = "end"
	}
	return t
}

// roundUp returns the first of …, 1, 2, 5, 10, 20, 50, … that is at least x.
func roundUp(x float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(x)))
	for _, n := range []float64{1, 2, 5} {
		if n*unit >= x*(1-1e-9) {
			return n * unit
		}
	}
	return 10 * unit
}

// roundStep returns the first round duration that is at least least: as by roundUp, from
// a minute on 1, 2, 5, 10, 20 or 30 minutes, then 1, 2, 4, 8, … hours.
func roundStep(least time.Duration) time.Duration {
	if step := roundUp(float64(max(1, least))); step < float64(time.Minute) {
		return time.Duration(step)
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

// A Range is a time range in nanoseconds since the Unix epoch, divided into equal steps.
// To is exclusive.
type Range struct{ From, To, Step int64 }

// Divide widens a time range to 25 to 60 round steps. Bars of a range that ends now stay
// in place as time goes on.
func Divide(from, to int64) Range {
	const most = 60
	length := uint64(to) - uint64(from) // may overflow an int64
	step := int64(max(time.Millisecond, roundStep(time.Duration(min((length-1)/most+1, math.MaxInt64)))))
	if from >= math.MinInt64+step {
		from -= (from%step + step) % step
	}
	if past := (to%step + step) % step; past != 0 && to <= math.MaxInt64-step {
		to += step - past
	}
	return Range{from, to, step}
}

// Steps returns the number of steps.
func (r Range) Steps() int {
	return int(min(1000, max(1, (uint64(r.To)-uint64(r.From))/uint64(r.Step))))
}

// Coordinate formats a position in an SVG, with at most three decimals.
func Coordinate(x float64) string { return strconv.FormatFloat(math.Round(1000*x)/1000, 'f', -1, 64) }
