package page

import (
	"math"
	"slices"
	"strconv"
	"time"

	"thinker/shared/apm/format"
)

// An Amount is a figure and its unit, which pages show in a lighter tone.
type Amount struct{ Value, Unit string }

func Duration(d time.Duration) Amount {
	value, unit := format.DurationParts(d)
	return Amount{value, unit}
}

func (a Amount) String() string { return a.Value + " " + a.Unit }

// A Moment is a time on a page: in UTC, until the page's script converts it to the
// reader's time zone.
type Moment struct{ at time.Time }

// MomentAt returns the moment of a time.
func MomentAt(at time.Time) Moment { return Moment{at.UTC()} }

// MomentOf returns the moment of so many nanoseconds since the Unix epoch.
func MomentOf(unixNano int64) Moment { return Moment{time.Unix(0, unixNano).UTC()} }

// MomentOrNone returns nil for 0.
func MomentOrNone(unixNano int64) *Moment {
	if unixNano == 0 {
		return nil
	}
	at := MomentOf(unixNano)
	return &at
}

// Machine formats the moment for the datetime attribute.
func (m Moment) Machine() string { return m.at.Format("2006-01-02T15:04:05.000Z") }

// Field formats the moment for an input field, to the second.
func (m Moment) Field() string { return m.at.Format("2006-01-02T15:04:05") }

// Exact formats the moment to the nanosecond.
func (m Moment) Exact() string { return m.at.Format("2006-01-02T15:04:05.000000000Z") }

// Day formats the moment's date. Narrow lists leave it out for today.
func (m Moment) Day() string { return m.at.Format("Jan 02") }

// Today reports whether narrow lists may leave out the day.
func (m Moment) Today() bool { return m.Day() == MomentOf(time.Now().UnixNano()).Day() }

// Clock formats the time of day.
func (m Moment) Clock() string { return m.at.Format("15:04:05.000") }

// Minute formats the time of day to the minute.
func (m Moment) Minute() string { return m.at.Format("15:04") }

// Percentages formats shares of 100 with one decimal each, so that they add up to 100.0
// if the shares do (largest remainder).
func Percentages(shares []float64) []string {
	tenths := make([]int, len(shares))
	byRemainder := make([]int, len(shares))
	var sum float64
	written := 0
	for i, share := range shares {
		tenths[i] = int(math.Floor(10 * share))
		written += tenths[i]
		sum += 10 * share
		byRemainder[i] = i
	}
	slices.SortStableFunc(byRemainder, func(a, b int) int {
		ra, rb := 10*shares[a]-float64(tenths[a]), 10*shares[b]-float64(tenths[b])
		switch {
		case ra > rb:
			return -1
		case ra < rb:
			return 1
		}
		return 0
	})
	for _, i := range byRemainder[:min(len(shares), max(0, int(math.Round(sum))-written))] {
		tenths[i]++
	}
	texts := make([]string, len(shares))
	for i, t := range tenths {
		texts[i] = strconv.FormatFloat(float64(t)/10, 'f', 1, 64)
	}
	return texts
}

// Short cuts a text for a single line, since spans may have texts of any length. The
// API and, for tags, the panel show them in full.
func Short(text string) string {
	const longest = 300 // bytes
	return format.Shorten(text, longest)
}

// Coordinate formats a position in an SVG.
func Coordinate(x float64) string { return strconv.FormatFloat(x, 'f', 3, 64) }

// Size formats a number of bytes with three significant digits.
func Size(bytes int64) Amount {
	value, unit := float64(bytes), "B"
	for _, larger := range []string{"kB", "MB", "GB", "TB"} {
		if value < 999.5 {
			break
		}
		value, unit = value/1000, larger
	}
	if unit == "B" {
		return Amount{strconv.FormatInt(bytes, 10), unit}
	}
	return Amount{strconv.FormatFloat(value, 'g', 3, 64), unit}
}

// Rate formats requests per second.
func Rate(perSecond float64) Amount { return RateOf(perSecond, "req/s") }

// RateText formats a rate of requests in the unit that suits it.
func RateText(perSecond float64) string {
	if perSecond > 0 && perSecond < 1 {
		return RateOf(60*perSecond, "req/min").String()
	}
	return Rate(perSecond).String()
}

// RateOf formats a rate without digits that mean nothing.
func RateOf(rate float64, unit string) Amount {
	if rate > 0 && rate < 0.01 {
		return Amount{"< 0.01", unit}
	}
	return Amount{format.Significant(rate), unit}
}

// Percent formats a part of 1.
func Percent(part float64) Amount { return Amount{format.Significant(100 * part), "%"} }

// Distance formats a duration, from three days on in days.
func Distance(d time.Duration) string {
	const day = 24 * time.Hour
	if d < 3*day {
		return Duration(d).String()
	}
	return format.Count(int(d/day), "day", "days")
}

// Skew formats how far a clock is off.
func Skew(offset time.Duration) string {
	switch {
	case offset < 0:
		return Distance(-max(offset, -1<<62)) + " behind"
	case offset > 0:
		return Distance(offset) + " ahead"
	}
	return "in sync"
}

// Indent returns the indentation of a row of that level in pixels. Past sixteen
// levels the step shrinks to nothing, so that deep trees stay on the page.
func Indent(level int) int {
	const step, deepest = 14, 16
	return step * min(level, deepest)
}
