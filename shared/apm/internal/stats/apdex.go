package stats

import "time"

// ApdexThreshold is the default for T, as in the product.
const ApdexThreshold = 500 * time.Millisecond

// Apdex returns a score of the latencies, from 0 to 1: a request within T counts
// fully, one within 4 T counts half, and one that took longer or failed doesn't
// count. answered has the latencies of the requests that didn't fail; requests is
// the number of all. The score is 0 without requests. Defined at
// https://docs.datadoghq.com/tracing/guide/configure_an_apdex_for_your_traces_with_datadog_apm/.
func Apdex(answered []Latency, requests int, t time.Duration) float64 {
	if requests == 0 {
		return 0
	}
	var score float64
	for _, latency := range answered {
		switch {
		case latency.Duration <= t:
			score += float64(latency.Requests)
		case latency.Duration <= 4*t:
			score += float64(latency.Requests) / 2
		}
	}
	return score / float64(requests)
}
