package load

import (
	"slices"
	"time"
)

// Figures are the measurements of a load.
type Figures struct {
	From, To      time.Time // of the first request and the last response
	Rate          int       // requests per second, as planned for now
	Sent          int
	Answered      int
	Failed        int // of those: no response, or a 5xx status
	Missed        int // skipped: too many were pending
	P50, P99, Max time.Duration
}

func (r *run) figures(rate int) Figures {
	r.mu.Lock()
	defer r.mu.Unlock()
	slices.Sort(r.took)
	return Figures{
		From: r.began, To: r.last, Rate: rate,
		Sent: r.sent, Answered: len(r.took), Failed: r.failed, Missed: r.missed,
		P50: percentile(r.took, 50), P99: percentile(r.took, 99), Max: percentile(r.took, 100),
	}
}

// percentile returns a percentile of sorted times, or 0 if there are none.
func percentile(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)*percent+99)/100-1]
}
