package web

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net/http"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/search"
)

// A window is the environment and the time that a page is about. It is in the
// address of every page, and links from one to another keep it.
type window struct {
	Env   string
	Range string // one of the ranges; empty where the reader gave the time, or chose none
	Fixed bool   // the reader gave the time's end, so nothing that comes now belongs to it

	// In nanoseconds since the Unix epoch: From or later, and before To. 0 is no
	// bound, as long as the window has not been settled.
	From, To int64
	Step     int64 // that divides a settled window evenly
}

// A timeRange is a time up to now that can be chosen by name.
type timeRange struct {
	Name, Title string
	Length      time.Duration // 0 for all there is
}

func ranges() []timeRange {
	return []timeRange{
		{"15m", "Past 15 min", 15 * time.Minute},
		{"1h", "Past 1 h", time.Hour},
		{"4h", "Past 4 h", 4 * time.Hour},
		{"all", "All time", 0},
	}
}

// readWindow reads the window that a page's address gives.
func readWindow(r *http.Request) (win window, err error) {
	query := r.URL.Query()
	win.Env = query.Get("env")
	if win.From, err = instant(r, "from"); err != nil {
		return win, err
	}
	if win.To, err = instant(r, "to"); err != nil {
		return win, err
	}
	win.Fixed = win.To != 0
	if win.From != 0 || win.To != 0 {
		if win.From != 0 && win.To != 0 && win.To <= win.From {
			return win, failure{http.StatusBadRequest, "This time ends before it begins. Choose another above."}
		}
		return win, nil
	}
	win.Range = query.Get("range")
	if _, ok := rangeOf(win.Range); !ok && win.Range != "" {
		return win, failure{http.StatusBadRequest, fmt.Sprintf("range=%.40q is no range of time: there are 15m, 1h, 4h and all.", win.Range)}
	}
	return win, nil
}

func rangeOf(name string) (timeRange, bool) {
	for _, r := range ranges() {
		if r.Name == name {
			return r, true
		}
	}
	return timeRange{}, false
}

// Chosen tells whether the reader has chosen the time.
func (win window) Chosen() bool { return win.Range != "" || win.From != 0 || win.To != 0 }

// selection is the spans in the window that a query finds.
func (win window) selection(query search.Query, scope search.Scope) search.Selection {
	if win.Env != "" {
		query = both(query, "env", win.Env)
	}
	return search.Selection{Query: query, Scope: scope, From: win.From, To: win.To}
}

// settle closes a window for graphs to divide. Where the reader has chosen no
// time, it is the shortest range in which there is such a span: a page opens on
// where the data is, whatever the clocks say. What is dated in the future
// belongs to every range.
func (w *Web) settle(ctx context.Context, win window, query search.Query, scope search.Scope) (window, error) {
	now := time.Now().UnixNano()
	tries := ranges()
	if win.Chosen() {
		chosen, _ := rangeOf(win.Range) // none where the time is the reader's own
		tries = []timeRange{chosen}
	}
	var there apm.Group
	for _, r := range tries {
		try := win
		try.Range = r.Name
		if r.Length > 0 {
			try.From = now - int64(r.Length)
		}
		found, err := w.figures(ctx, search.Breakdown{Selection: try.selection(query, scope)})
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
	win.From = min(win.From, win.To-1) // of a time that has not come yet, nothing is there
	return win.divided(), nil
}

// divided has the window begin and end at round times, so that a graph's bars
// stay where they are while time goes on. It has about 25 to 60 steps.
func (win window) divided() window {
	const most = 60
	length := uint64(win.To) - uint64(win.From) // of two int64 it may be more than an int64 holds
	step := max(int64(time.Millisecond), int64(roundStep(time.Duration(min((length-1)/most+1, math.MaxInt64)))))
	if win.From >= math.MinInt64+step {
		win.From -= (win.From%step + step) % step
	}
	if past := (win.To%step + step) % step; past != 0 && win.To <= math.MaxInt64-step {
		win.To += step - past
	}
	win.Step = step
	return win
}

// Buckets is how many steps a settled window has.
func (win window) Buckets() int {
	return int(min(1000, max(1, (uint64(win.To)-uint64(win.From))/uint64(win.Step))))
}

// seconds is how long a settled window is.
func (win window) seconds() float64 {
	return time.Duration(min(uint64(win.To)-uint64(win.From), math.MaxInt64)).Seconds()
}
