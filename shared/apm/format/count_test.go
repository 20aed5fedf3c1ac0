package format

import "testing"

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0 spans", 1: "1 span", 999: "999 spans", 1000: "1,000 spans", 1234567: "1,234,567 spans", 1000001: "1,000,001 spans"} {
		if got := Count(n, "span", "spans"); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}
