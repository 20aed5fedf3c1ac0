package format

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Duration writes a duration as a person would, in the unit that suits
// it: three significant digits (4.63 ms, 504 ms, 1.2 s), from a minute on in
// two units (2 min 5 s).
func Duration(d time.Duration) string {
	value, unit := DurationParts(d)
	return value + " " + unit
}

// DurationParts is Duration with the (last) unit apart, for where the
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
			return Significant(value), u.name
		}
	}
	if seconds := d.Round(time.Second); seconds < time.Hour {
		return inTwo(seconds, time.Minute, "min", time.Second, "s")
	}
	return inTwo(d.Round(time.Minute), time.Hour, "h", time.Minute, "min")
}

// inTwo writes a duration in a large and a small unit, or in the large one
// alone where nothing is left for the other.
func inTwo(d, large time.Duration, largeUnit string, small time.Duration, smallUnit string) (value, unit string) {
	if d%large == 0 {
		return strconv.FormatInt(int64(d/large), 10), largeUnit
	}
	return fmt.Sprintf("%d %s %d", d/large, largeUnit, d%large/small), smallUnit
}
