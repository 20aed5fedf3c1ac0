package bench

import (
	"flag"
	"fmt"
	"testing"
	"time"
)

var (
	loadTime = flag.Duration("loadtime", 30*time.Second, "how long each benchmark of the intake sends spans")
	fill     = flag.Int("fill", 1_000_000, "how many spans there are to search in")
	apmFlags = flag.String("apmflags", "", "more flags for the apm that is measured, separated by spaces")
)

// BenchmarkIntake is how many spans a second an apm takes in, and the most memory
// that it had meanwhile.
func BenchmarkIntake(b *testing.B) { intake(b) }

// BenchmarkIntakeManyAttributes is the same with spans that have 14 of 200
// attributes more.
func BenchmarkIntakeManyAttributes(b *testing.B) { intake(b, "--attributes", "200") }

// BenchmarkIntakeUnique is the same with spans that each have an attribute whose
// value never comes again.
func BenchmarkIntakeUnique(b *testing.B) { intake(b, "--unique") }

func intake(b *testing.B, flags ...string) {
	for b.Loop() {
		a := start(b)
		sent := a.startLoad(append(flags, "--for", loadTime.String())...).wait()
		b.ReportMetric(sent.SpansPerSecond, "spans/s")
		b.ReportMetric(sent.WorstSecond, "spans-in-worst-second")
		b.ReportMetric(sent.BestSecond, "spans-in-best-second")
		b.ReportMetric(float64(sent.lost()), "lost")
		a.reportSize()
		a.Kill()
	}
	b.ReportMetric(0, "ns/op") // leaves it out
}

// BenchmarkReads is how soon an apm that holds many spans answers: at rest, and
// while it takes in 50,000 spans a second; and how soon it answers again when it
// was killed.
func BenchmarkReads(b *testing.B) {
	a := start(b, "--max-spans", fmt.Sprint(*fill+3_000_000))
	if sent := a.startLoad("--spans", fmt.Sprint(*fill), "--spread", "4h", "--unique").wait(); sent.lost() > 0 {
		b.Fatalf("filling it lost %d spans", sent.lost())
	}
	measure := func(b *testing.B) {
		a.b = b
		var rows []row
		for _, read := range reads(a.known()) {
			rows = append(rows, a.measure(read))
		}
		report(b, append(rows, a.freshness()))
	}

	b.Run("AtRest", func(b *testing.B) {
		for b.Loop() {
			measure(b)
		}
		a.reportSize()
		b.ReportMetric(float64(a.spans()), "spans-held")
	})
	b.Run("UnderLoad", func(b *testing.B) {
		for b.Loop() {
			a.b = b
			load := a.startLoad("--rate", "50000", "--for", "10m", "--unique")
			measure(b)
			sent := load.interrupt()
			b.ReportMetric(sent.SpansPerSecond, "spans/s")
			b.ReportMetric(float64(sent.lost()), "lost")
		}
		a.reportSize()
	})
	b.Run("Restart", func(b *testing.B) {
		a.b = b
		var took times
		for b.Loop() {
			for range 5 {
				a.Kill()
				took = append(took, a.Restart())
			}
		}
		b.ReportMetric(took.milliseconds(0.5), "ms-p50")
		b.ReportMetric(took.milliseconds(1), "ms-max")
		b.ReportMetric(0, "ns/op")
	})
}

// BenchmarkKill is how many of the spans that an apm has acknowledged it no longer
// has when it was killed while it took in more, three times.
func BenchmarkKill(b *testing.B) {
	for b.Loop() {
		a := start(b, "--max-spans", "3000000")
		acknowledged := 0
		for range 3 {
			load := a.startLoad("--rate", "100000", "--for", "10m")
			for a.takenIn() < 100_000 {
			}
			a.Kill()
			acknowledged += load.wait().Acknowledged
			a.Restart()
		}
		b.ReportMetric(float64(acknowledged), "acknowledged")
		b.ReportMetric(float64(max(0, acknowledged-a.spans())), "lost")
		a.Kill()
	}
	b.ReportMetric(0, "ns/op")
}
