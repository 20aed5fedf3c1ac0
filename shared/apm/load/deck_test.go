package load

import (
	"testing"
	"time"
)

// BenchmarkDeal is what a span costs before it is sent.
func BenchmarkDeal(b *testing.B) {
	for name, config := range map[string]Config{"plain": {Payload: 600}, "unique": {Payload: 600, Unique: true, Attributes: 200}} {
		b.Run(name, func(b *testing.B) {
			d, at := newDeck(config), time.Now().UnixNano()
			size := 0
			for b.Loop() {
				size = d.deal(600, func(int) int64 { return at }).length()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/600, "ns/span")
			b.ReportMetric(float64(size)/600, "B/span")
		})
	}
}
