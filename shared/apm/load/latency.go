package load

import (
	"math/bits"
	"time"
)

// latencies are counted in buckets, 32 from each power of two to the next, so
// that a long load takes no more room than a short one.
type latencies struct {
	buckets [(64 - 4) * 32]int
	count   int
	most    time.Duration
}

func (l *latencies) add(d time.Duration) {
	n := uint64(max(0, d))
	shift := max(0, bits.Len64(n)-6)
	l.buckets[shift*32+int(n>>shift)]++
	l.count++
	l.most = max(l.most, d)
}

// quantile is a latency that q of all, from 0 to 1, do not exceed; 0 for none.
func (l *latencies) quantile(q float64) time.Duration {
	rank := int(q * float64(l.count))
	for i, n := range l.buckets {
		if rank < n {
			shift := max(0, i/32-1)
			return min(l.most, time.Duration(uint64(i-shift*32+1)<<shift-1))
		}
		rank -= n
	}
	return l.most
}
