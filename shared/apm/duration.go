package apm

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// FormatDuration writes a duration as a person would, in the unit that suits
// it: three significant digits (4.63 ms, 504 ms, 1.2 s), from a minute on in
// two units (2 min 5 s).
func FormatDuration(d time.Duration) string {
	value, unit := DurationParts(d)
	return value + " " + unit
}

// DurationParts is FormatDuration with the (last) unit apart, for where the
// two are set differently: "4.63", "ms".
func DurationParts(d time.Duration) (value, unit string) {
	if d < 0 {
		value, unit = DurationParts(-max(d, -math.MaxInt64))
		return "−" + value, unit
	}
	units := []struct {
		name string
		size time.Duration
	}{{"ns", time.Nanosecond}, {"µs", time.Microsecond}, {"ms", time.Millisecond}, {"s", time.Second}}
	for _, u := range units {
		// What rounds up to a thousand belongs to the next unit; to sixty
		// seconds, to minutes.
		limit := 999.5
		if u.name == "s" {
			limit = 59.95
		}
		if value := float64(d) / float64(u.size); value < limit {
			return significant(value), u.name
		}
	}
	if seconds := d.Round(time.Second); seconds < time.Hour {
		return fmt.Sprintf("%d min %d", seconds/time.Minute, seconds%time.Minute/time.Second), "s"
	}
	minutes := d.Round(time.Minute)
	return fmt.Sprintf("%d h %d", minutes/time.Hour, minutes%time.Hour/time.Minute), "min"
}

// significant writes a number below 1000 with three significant digits and
// without trailing zeros.
func significant(value float64) string {
	decimals := 2
	switch {
	case value >= 99.95:
		decimals = 0
	case value >= 9.995:
		decimals = 1
	}
	text := strconv.FormatFloat(value, 'f', decimals, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}
