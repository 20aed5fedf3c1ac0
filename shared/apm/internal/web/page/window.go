package page

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"time"

	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/chart"
	"thinker/shared/apm/query"
)

// A Window is the environment and the time range of a page. It is part of every page's
// address, and links between pages keep it.
type Window struct {
	Env   string
	Range string // a named range; empty if the reader gave from and to, or chose none
	Fixed bool   // the reader gave an end, so new spans are outside

	// In nanoseconds since the Unix epoch; To is exclusive. Until the window is settled,
	// 0 is no bound.
	From, To int64
	Step     int64 // divides a settled window evenly
}

// A TimeRange is a named range of time up to now.
type TimeRange struct {
	Name, Title string
	Length      time.Duration // 0 for all time
}

// Ranges returns the time ranges that readers can choose, the shortest first.
func Ranges() []TimeRange {
	return []TimeRange{
		{"15m", "Past 15 min", 15 * time.Minute},
		{"1h", "Past 1 h", time.Hour},
		{"4h", "Past 4 h", 4 * time.Hour},
		{"all", "All time", 0},
	}
}

// ParseWindow reads the window from a page's address.
func ParseWindow(r *http.Request) (win Window, err error) {
	q := r.URL.Query()
	win.Env = q.Get("env")
	if win.From, win.To, err = parseTimes(r); err != nil {
		return win, err
	}
	win.Fixed = win.To != 0
	if win.From != 0 || win.To != 0 {
		if win.From != 0 && win.To != 0 && win.To <= win.From {
			return win, invalid("This time range ends before it starts. Choose another one above.")
		}
		return win, nil
	}
	win.Range = q.Get("range")
	named, ok := rangeOf(win.Range)
	if !ok && win.Range != "" {
		return win, invalid("Invalid range=%.40q: use 15m, 1h, 4h or all.", win.Range)
	}
	if named.Length > 0 {
		win.From = time.Now().Add(-named.Length).UnixNano()
	}
	return win, nil
}

// rangeOf returns the range with a name.
func rangeOf(name string) (TimeRange, bool) {
	for _, r := range Ranges() {
		if r.Name == name {
			return r, true
		}
	}
	return TimeRange{}, false
}

// Chosen reports whether the reader chose a time range.
func (win Window) Chosen() bool { return win.Range != "" || win.From != 0 || win.To != 0 }

// Title returns the title of the time range, or "" for a range that the reader gave.
func (win Window) Title() string {
	if chosen, ok := rangeOf(win.Range); ok {
		return chosen.Title
	}
	if win.From != 0 || win.To != 0 {
		return ""
	}
	return "All time"
}

// Length returns how long a window with two ends is.
func (win Window) Length() string { return Distance(win.length()) }

// Begin returns the start of the window, or nil if it is open.
func (win Window) Begin() *Moment { return MomentOrNone(win.From) }

// End returns the end of the window, or nil if it is open.
func (win Window) End() *Moment { return MomentOrNone(win.To) }

// Selection returns the selection of a query within the window.
func (win Window) Selection(q query.Query, scope query.Scope) query.Selection {
	if win.Env != "" {
		q = And(q, "env", win.Env)
	}
	return query.Selection{Query: q, Scope: scope, From: win.From, To: win.To}
}

// Settle returns a window with two ends, so that graphs can divide it. If the reader chose
// no time range, it has the shortest one with a matching span: a page opens where the
// data is, even if clocks are wrong. Spans dated in the future belong to every range.
// See decisions/page-time-range.md.
func (site *Site) Settle(ctx context.Context, win Window, q query.Query, scope query.Scope) (Window, error) {
	now := time.Now().UnixNano()
	tries := Ranges()
	if win.Chosen() {
		chosen, _ := rangeOf(win.Range) // none if the reader gave from and to
		tries = []TimeRange{chosen}
	}
	var there stats.Group
	for _, r := range tries {
		try := win
		try.Range = r.Name
		if r.Length > 0 {
			try.From = now - int64(r.Length)
		}
		found, err := site.Traces.Breakdown(ctx, query.Breakdown{Selection: try.Selection(q, scope)})
		if err != nil {
			return win, err
		}
		if there = found.Total; there.Requests > 0 || r == tries[len(tries)-1] {
			win = try
			break
		}
	}
	switch {
	case there.Requests == 0:
		win.From = cmp.Or(win.From, cmp.Or(win.To, now)-int64(15*time.Minute))
	case win.Range == "all":
		win.From, win.To = there.First, there.Last+1
	}
	win.From = cmp.Or(win.From, there.First)
	win.To = cmp.Or(win.To, max(now, there.Last+1))
	win.From = min(win.From, win.To-1) // a range in the future is empty
	return win.Divided(), nil
}

// Divided returns the window with round steps, and ends at such steps.
func (win Window) Divided() Window {
	over := chart.Divide(win.From, win.To)
	win.From, win.To, win.Step = over.From, over.To, over.Step
	return win
}

// TimeRange returns the range of a chart over a settled window.
func (win Window) TimeRange() chart.Range {
	return chart.Range{From: win.From, To: win.To, Step: win.Step}
}

// Buckets returns the number of steps of a settled window.
func (win Window) Buckets() int { return win.TimeRange().Steps() }

// Seconds returns the length of a settled window.
func (win Window) Seconds() float64 { return win.length().Seconds() }

func (win Window) length() time.Duration {
	return time.Duration(min(uint64(win.To)-uint64(win.From), math.MaxInt64))
}
