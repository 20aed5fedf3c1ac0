package load

import (
	"slices"
	"time"
)

// Figures say how requests were answered.
type Figures struct {
	From, To      time.Time // when the first was sent, and the last answered
	Rate          int       // requests a second, as planned for now
	Sent          int
	Answered      int
	Failed        int // of those answered: no answer came, or a server's error
	Missed        int // not sent: too many waited for their answers
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

// percentile is the shortest of sorted times that so many in a hundred do not
// exceed; 0 where there are none.
func percentile(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)*percent+99)/100-1]
}
