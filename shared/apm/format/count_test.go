package format_test

import (
	"testing"

	"thinker/shared/apm/format"
)

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0 spans", 1: "1 span", 999: "999 spans", 1000: "1,000 spans", 1234567: "1,234,567 spans", 1000001: "1,000,001 spans"} {
		if got := format.Count(n, "span", "spans"); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

func TestSignificant(t *testing.T) {
	for x, want := range map[float64]string{
		0: "0", 0.00123456: "0.00123", 0.5: "0.5", 1: "1", 12.34: "12.3", 99.94: "99.9", 99.96: "100", 123.4: "123",
		1234567: "1,234,567", 1e-9: "0",
	} {
		if got := format.Significant(x); got != want {
			t.Errorf("%v: %s, want %s", x, got, want)
		}
	}
}
