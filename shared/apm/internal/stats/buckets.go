package stats

import "math/bits"

// Bucket returns which of n equal parts of a time range contains at, from 0. The range
// goes from from to before to.
func Bucket(at, from, to int64, n int) int {
	if n < 2 || to <= from {
		return 0
	}
	length := uint64(to) - uint64(from)
	since := min(uint64(at)-uint64(from), length-1) // a moment after the range is in its last part
	// In 128 bits, since the nanoseconds of years times a thousand overflow 64 bits.
	high, low := bits.Mul64(since, uint64(n))
	part, _ := bits.Div64(high, low, length)
	return int(part)
}
