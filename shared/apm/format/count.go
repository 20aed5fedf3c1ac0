package format

import (
	"fmt"
	"math"
	"strconv"
	"strings"
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

// Significant formats a number, 0 or more, with three significant digits, but at most six
// decimals, and with thousands separators.
func Significant(x float64) string {
	if x == 0 {
		return "0"
	}
	if x >= 99.95 {
		return Number(int(math.Round(min(x, math.MaxInt32))))
	}
	decimals := min(6, max(0, 2-int(math.Floor(math.Log10(x)))))
	if x >= 9.995 && x < 10 { // which rounds to 10, as the pages' scripts do
		decimals = 1
	}
	text := strconv.FormatFloat(x, 'f', decimals, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}
