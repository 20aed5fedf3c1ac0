package tracegen

import (
	"context"
	"fmt"
	"maps"
	"math"
	"net/http"
	"sync"
	"time"

	"github.com/DataDog/sketches-go/ddsketch"

	"thinker/shared/apm/api"
)

// A LoadResult counts the spans of a load. An agent accepts or refuses whole payloads.
type LoadResult struct {
	Sent         int           `json:"sent"`         // the sum of the next three
	Acknowledged int           `json:"acknowledged"` // answered with status 200
	Refused      map[int]int   `json:"refused"`      // answered with another status, by status
	Unanswered   int           `json:"unanswered"`   // unknown whether the agent received them
	Took         time.Duration `json:"took"`

	// Spans acknowledged in the slowest and in the fastest whole second; 0 for a load
	// shorter than that.
	WorstSecond int `json:"worst_second"`
	BestSecond  int `json:"best_second"`

	// Time to the response to a payload. Percentiles are accurate to 1 %.
	LatencyP50 time.Duration `json:"latency_p50"`
	LatencyP99 time.Duration `json:"latency_p99"`
	LatencyMax time.Duration `json:"latency_max"`

	// By the agent's own count, which includes spans from others.
	Compared bool           `json:"-"` // whether the agent reported it
	Received int            `json:"-"`
	Losses   map[string]int `json:"losses"` // by reason; not all of them are spans
}

// A LoadReport is a LoadResult in JSON. TakenIn, which is Received, and Missing are null if
// the agent didn't report them.
type LoadReport struct {
	LoadResult
	TakenIn        *int    `json:"taken_in"`
	Missing        *int    `json:"missing"`
	SpansPerSecond float64 `json:"spans_per_second"`
}

// Report returns the result for JSON.
func (r LoadResult) Report() LoadReport {
	report := LoadReport{LoadResult: r, SpansPerSecond: math.Round(r.PerSecond())}
	if r.Compared {
		report.TakenIn, report.Missing = new(r.Received), new(r.Missing())
	}
	return report
}

// Missing returns how many acknowledged spans the agent didn't receive.
func (r LoadResult) Missing() int {
	if !r.Compared {
		return 0
	}
	return max(0, r.Acknowledged-r.Received)
}

// PerSecond returns how many spans were acknowledged per second.
func (r LoadResult) PerSecond() float64 {
	return float64(r.Acknowledged) / max(r.Took, 1).Seconds()
}

// compare sets what the agent counted during the load. An agent that was restarted
// meanwhile counts from 0.
func (r *LoadResult) compare(before, after api.Intake) {
	if !before.Since.Equal(after.Since.Time) {
		before = api.Intake{}
	}
	r.Compared, r.Received, r.Losses = true, after.Spans-before.Spans, map[string]int{}
	earlier := map[string]int{}
	for _, l := range before.Losses {
		earlier[l.Reason] = l.Count
	}
	for _, l := range after.Losses {
		if more := l.Count - earlier[l.Reason]; more > 0 {
			r.Losses[l.Reason] = more
		}
	}
}

// readIntake returns what an agent has received and lost so far.
func readIntake(ctx context.Context, url string) (api.Intake, error) {
	intake, err := api.Client{URL: url}.Intake(ctx)
	if err != nil {
		return intake, fmt.Errorf("read its counters: %w. Is it an apm?", err)
	}
	return intake, nil
}

// A tally counts a load while it runs.
type tally struct {
	began     time.Time
	mu        sync.Mutex
	counted   LoadResult
	seconds   map[int]int        // spans acknowledged, by the second of the load
	latencies *ddsketch.DDSketch // in nanoseconds
}

func newTally() (*tally, error) {
	sketch, err := ddsketch.NewDefaultDDSketch(0.01)
	if err != nil {
		return nil, fmt.Errorf("measure latencies: %w", err)
	}
	counted := LoadResult{Refused: map[int]int{}}
	return &tally{began: time.Now(), counted: counted, seconds: map[int]int{}, latencies: sketch}, nil
}

// count adds a payload. The status is 0 if there was no response.
func (t *tally) count(spans, status int, latency time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counted.Sent += spans
	switch status {
	case 0:
		t.counted.Unanswered += spans
		return
	case http.StatusOK:
		t.counted.Acknowledged += spans
		t.seconds[int(time.Since(t.began)/time.Second)] += spans
	default:
		t.counted.Refused[status] += spans
	}
	t.counted.LatencyMax = max(t.counted.LatencyMax, latency)
	_ = t.latencies.Add(float64(latency)) // fails only for values that no duration has
}

// result returns the result so far.
func (t *tally) result() LoadResult {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.counted
	r.Refused = maps.Clone(r.Refused)
	r.Took = time.Since(t.began)
	for second := range int(r.Took / time.Second) {
		r.BestSecond = max(r.BestSecond, t.seconds[second])
		if second == 0 || t.seconds[second] < r.WorstSecond {
			r.WorstSecond = t.seconds[second]
		}
	}
	if quantiles, err := t.latencies.GetValuesAtQuantiles([]float64{0.5, 0.99}); err == nil { // else there is none
		r.LatencyP50 = min(r.LatencyMax, time.Duration(quantiles[0]))
		r.LatencyP99 = min(r.LatencyMax, time.Duration(quantiles[1]))
	}
	return r
}

// reportEverySecond calls progress with the result so far, until ctx is done.
func (t *tally) reportEverySecond(ctx context.Context, progress func(LoadResult)) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			progress(t.result())
		case <-ctx.Done():
			return
		}
	}
}
