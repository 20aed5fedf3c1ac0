package load

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestARateIsKept(t *testing.T) {
	for name, c := range map[string]struct {
		config         Config
		payloads, size int
		took           time.Duration
	}{
		"until the time is over":       {Config{Rate: 6000, Payload: 600, For: time.Second}, 10, 600, time.Second},
		"until all are sent":           {Config{Rate: 6000, Payload: 600, Spans: 6000}, 10, 600, 900 * time.Millisecond},
		"few come in small payloads":   {Config{Rate: 120, Payload: 600, For: time.Second}, 10, 12, time.Second},
		"at least a trace at a time":   {Config{Rate: 2, Payload: 600, For: 10 * time.Second}, 4, 6, 10 * time.Second},
		"as many as there is time for": {Config{Rate: 6000, Payload: 600, Spans: 6000, For: 500 * time.Millisecond}, 5, 600, 500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := t.Context(), context.CancelFunc(func() {})
				if c.config.For > 0 {
					ctx, cancel = context.WithTimeout(ctx, c.config.For)
				}
				defer cancel()
				p, payloads := newPlan(c.config), 0
				for first, n := range p.payloads(ctx) {
					if n != c.size || first != payloads*n {
						t.Errorf("payload %d is of %d spans from %d", payloads, n, first)
					}
					payloads++
				}
				if took := time.Since(p.began); payloads != c.payloads || took != c.took {
					t.Errorf("%d payloads in %s, want %d in %s", payloads, took, c.payloads, c.took)
				}
			})
		})
	}
}

func TestLatencies(t *testing.T) {
	var l latencies
	if l.quantile(0.5) != 0 {
		t.Errorf("of none, %s", l.quantile(0.5))
	}
	for i := range 1000 {
		l.add(time.Duration(i+1) * time.Microsecond)
	}
	for q, want := range map[float64]time.Duration{0: time.Microsecond, 0.5: 500 * time.Microsecond, 0.99: 990 * time.Microsecond, 1: time.Millisecond} {
		if got := l.quantile(q); got < want || got > want+want/30 {
			t.Errorf("quantile %g is %s, want %s", q, got, want)
		}
	}
	l.add(1<<63 - 1)
	l.add(-1)
	if l.quantile(1) != 1<<63-1 || l.quantile(0) != 0 {
		t.Errorf("%s, %s", l.quantile(0), l.quantile(1))
	}
}
