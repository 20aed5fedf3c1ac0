package bench

import (
	"testing"

	"thinker/shared/apm/internal/attack"
)

// BenchmarkAttack reports the most memory that an apm takes under each attack.
func BenchmarkAttack(b *testing.B) {
	for _, c := range attack.Cases() {
		b.Run(c.Name, func(b *testing.B) {
			for b.Loop() {
				a := start(b)
				c.Run(b, a.APM)
				a.reportSize()
				a.Kill()
			}
			b.ReportMetric(0, "ns/op") // leaves it out
		})
	}
}
