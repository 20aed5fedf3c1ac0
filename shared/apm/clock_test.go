package apm_test

import (
	"testing"
	"time"

	"thinker/shared/apm"
)

func TestClockOffset(t *testing.T) {
	const ms = int64(time.Millisecond)
	for name, c := range map[string]struct {
		start, end int64 // of the child, in milliseconds; the parent runs from 100 to 200
		service    string
		want       time.Duration
	}{
		"within":                          {110, 190, "b", 0},
		"before its parent":               {40, 90, "b", -60 * time.Millisecond},
		"before it and longer":            {40, 300, "b", -60 * time.Millisecond},
		"ends after it":                   {150, 230, "b", 30 * time.Millisecond},
		"ends later and is longer":        {110, 500, "b", 0},
		"begins when its parent has done": {200, 230, "b", 0},
		"within one service":              {40, 90, "a", 0},
	} {
		parent, child := at(1, 0, 100*ms, 200*ms), at(2, 1, c.start*ms, c.end*ms)
		parent.Service, child.Service = "a", c.service
		if got := apm.ClockOffset(&parent, &child); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	parent, child := at(1, 0, 1000, 2000), at(2, 1, 500, 1500)
	child.Service = "b"
	if got := apm.ClockOffset(&parent, &child); got != 0 {
		t.Errorf("half a microsecond: %s", got)
	}
}
