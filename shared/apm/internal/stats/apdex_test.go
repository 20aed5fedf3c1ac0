package stats

import (
	"testing"
	"time"
)

func TestApdex(t *testing.T) {
	const ms = time.Millisecond
	for name, test := range map[string]struct {
		answered []Latency
		requests int
		want     float64
	}{
		"no requests":              {nil, 0, 0},
		"all failed":               {nil, 3, 0},
		"satisfied":                {[]Latency{{499 * ms, 2}, {500 * ms, 1}}, 3, 1},
		"tolerated":                {[]Latency{{501 * ms, 1}, {2000 * ms, 1}}, 2, 0.5},
		"frustrated":               {[]Latency{{2001 * ms, 4}}, 4, 0},
		"one of each, one failed":  {[]Latency{{10 * ms, 1}, {time.Second, 1}, {time.Minute, 1}}, 4, 0.375},
		"failed ones are not fast": {[]Latency{{10 * ms, 1}}, 2, 0.5},
	} {
		if got := Apdex(test.answered, test.requests, 500*ms); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}
