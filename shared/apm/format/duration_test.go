package format_test

import (
	"math"
	"testing"
	"time"

	"thinker/shared/apm/format"
)

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                       "0 ns",
		1:                       "1 ns",
		999:                     "999 ns",
		1500:                    "1.5 µs",
		4_630_000:               "4.63 ms",
		9_995:                   "10 µs",
		9_999_000:               "10 ms",
		99_960_000:              "100 ms",
		504_200_000:             "504 ms",
		999_600_000:             "1 s",
		1_204_000_000:           "1.2 s",
		59_960 * 1e6:            "1 min",
		125 * time.Second:       "2 min 5 s",
		3_599_600 * 1e6:         "1 h",
		61 * time.Minute:        "1 h 1 min",
		-2 * time.Millisecond:   "−2 ms",
		math.MinInt64:           "−2562047 h 47 min",
		time.Duration(12345678): "12.3 ms",
	} {
		if got := format.Duration(d); got != want {
			t.Errorf("%d ns: %q, want %q", int64(d), got, want)
		}
	}
}
