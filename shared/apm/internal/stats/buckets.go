package stats

import "math/bits"

// Bucket is which of n equal parts of a time a moment of it is in, from 0. The
// time goes from from to before to.
func Bucket(at, from, to int64, n int) int {
	if n < 2 || to <= from {
		return 0
	}
	length := uint64(to) - uint64(from)
	since := min(uint64(at)-uint64(from), length-1) // nothing starts after the last moment there is
	// In 128 bits: nanoseconds of years times a thousand are more than 64 hold.
	high, low := bits.Mul64(since, uint64(n))
	part, _ := bits.Div64(high, low, length)
	return int(part)
}
