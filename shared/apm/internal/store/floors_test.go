package store

import "testing"

// A service that says little is not pushed out by one that says much.
func TestANoisyServiceLeavesAQuietOneItsFloor(t *testing.T) {
	s := open(t, Config{MaxSpans: 5000})
	const quiet, noisy = 300, 20_000
	for id := range uint64(quiet + noisy) {
		one := span(id+1, 1)
		if one.Service = "quiet"; id >= quiet {
			one.Service = "noisy"
		}
		add(t, s, one)
	}
	settled(t, s)
	if kept := s.Retention(); kept.Spans > 5000 || kept.Spans < 4500 || kept.Spans+kept.EvictedSpans != quiet+noisy {
		t.Errorf("%+v", kept)
	}
	for id := range uint64(quiet) {
		if _, found := traceOf(t, s, id+1); !found {
			t.Fatalf("trace %d of the quiet service is gone", id+1)
		}
	}
}
