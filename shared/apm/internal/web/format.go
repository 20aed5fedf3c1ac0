package web

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"thinker/shared/apm/format"
)

// An amount is a figure and its unit, which pages show in a lighter tone.
type amount struct{ Value, Unit string }

func duration(d time.Duration) amount {
	value, unit := format.DurationParts(d)
	return amount{value, unit}
}

func (a amount) String() string { return a.Value + " " + a.Unit }

// A moment is a time on a page: in UTC, until the page's script converts it to the
// reader's time zone.
type moment struct{ at time.Time }

func momentOf(unixNano int64) moment { return moment{time.Unix(0, unixNano).UTC()} }

// momentOrNone returns nil for 0.
func momentOrNone(unixNano int64) *moment {
	if unixNano == 0 {
		return nil
	}
	at := momentOf(unixNano)
	return &at
}

// Machine formats the moment for the datetime attribute.
func (m moment) Machine() string { return m.at.Format("2006-01-02T15:04:05.000Z") }

// Field formats the moment for an input field, to the second.
func (m moment) Field() string { return m.at.Format("2006-01-02T15:04:05") }

// Exact formats the moment to the nanosecond.
func (m moment) Exact() string { return m.at.Format("2006-01-02T15:04:05.000000000Z") }

// Day formats the moment's date. Narrow lists leave it out for today.
func (m moment) Day() string { return m.at.Format("Jan 02") }

// Today reports whether narrow lists may leave out the day.
func (m moment) Today() bool { return m.Day() == momentOf(time.Now().UnixNano()).Day() }

// Clock formats the time of day.
func (m moment) Clock() string { return m.at.Format("15:04:05.000") }

// Minute formats the time of day to the minute.
func (m moment) Minute() string { return m.at.Format("15:04") }

// percentages formats shares of 100 with one decimal each, so that they add up to 100.0
// if the shares do (largest remainder).
func percentages(shares []float64) []string {
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

// short cuts a text for a single line, since spans may have texts of any length. The
// API and, for tags, the panel show them in full.
func short(text string) string {
	const longest = 300 // bytes
	return cut(text, longest)
}

// cut cuts a text to a number of bytes.
func cut(text string, longest int) string {
	if len(text) <= longest {
		return text
	}
	return strings.ToValidUTF8(text[:longest], "") + "…"
}

// coordinate formats a position in an SVG.
func coordinate(x float64) string { return strconv.FormatFloat(x, 'f', 3, 64) }

// size formats a number of bytes with three significant digits.
func size(bytes int64) amount {
	value, unit := float64(bytes), "B"
	for _, larger := range []string{"kB", "MB", "GB", "TB"} {
		if value < 999.5 {
			break
		}
		value, unit = value/1000, larger
	}
	if unit == "B" {
		return amount{strconv.FormatInt(bytes, 10), unit}
	}
	return amount{strconv.FormatFloat(value, 'g', 3, 64), unit}
}

// rate formats requests per second.
func rate(perSecond float64) amount { return rateOf(perSecond, "req/s") }

// rateText formats a rate of requests in the unit that suits it.
func rateText(perSecond float64) string {
	if perSecond > 0 && perSecond < 1 {
		return rateOf(60*perSecond, "req/min").String()
	}
	return rate(perSecond).String()
}

// rateOf formats a rate without digits that mean nothing.
func rateOf(rate float64, unit string) amount {
	if rate > 0 && rate < 0.01 {
		return amount{"< 0.01", unit}
	}
	return amount{format.Significant(rate), unit}
}

// percent formats a part of 1.
func percent(part float64) amount { return amount{format.Significant(100 * part), "%"} }

// distance formats a duration, from three days on in days.
func distance(d time.Duration) string {
	const day = 24 * time.Hour
	if d < 3*day {
		return duration(d).String()
	}
	return format.Count(int(d/day), "day", "days")
}
