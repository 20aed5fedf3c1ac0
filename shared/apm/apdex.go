package apm

import "time"

// ApdexThreshold is T where nobody has chosen another: the product's default.
const ApdexThreshold = 500 * time.Millisecond

// Apdex rates how content those were who asked, from 0 to 1: an answer within T
// satisfies, one within 4 T is tolerated and counts half, and what took longer
// or failed frustrates. answered are the latencies of the requests that did not
// fail, of all requests. It is 0 without requests. Defined at
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
