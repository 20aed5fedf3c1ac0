package apm

import (
	"fmt"
	"strconv"
)

// FormatCount writes a number with the noun it counts: 1 span, 2,500 spans.
func FormatCount(n int, one, several string) string {
	if n == 1 {
		return "1 " + one
	}
	return FormatNumber(n) + " " + several
}

// FormatNumber writes a number, 0 or more, with its thousands apart: 200,000.
func FormatNumber(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return FormatNumber(n/1000) + fmt.Sprintf(",%03d", n%1000)
}
