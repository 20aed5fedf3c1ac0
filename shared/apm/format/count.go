package format

import (
	"fmt"
	"strconv"
)

// Count writes a number with the noun it counts: 1 span, 2,500 spans.
func Count(n int, one, several string) string {
	if n == 1 {
		return "1 " + one
	}
	return Number(n) + " " + several
}

// Number writes a number, 0 or more, with its thousands apart: 200,000.
func Number(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return Number(n/1000) + fmt.Sprintf(",%03d", n%1000)
}
