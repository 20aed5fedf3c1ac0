package load

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"thinker/shared/workshop/need"
)

func serve(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return server.URL
}

func TestRun(t *testing.T) {
	var asked [2]atomic.Int32
	at := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		asked[strings.Index("ab", r.URL.Path[1:])].Add(1)
	})
	f := Run(need.Context(t), Plan{URLs: []string{at + "/a", at + "/b"}, Rates: []int{30, 60}, For: time.Second},
		func(Figures) {})
	if f.Sent != 45 || f.Answered != 45 || f.Failed != 0 || f.Missed != 0 || asked[0].Load() != 23 ||
		asked[1].Load() != 22 {
		t.Errorf("%+v, asked %d and %d", f, asked[0].Load(), asked[1].Load())
	}
	if f.P50 <= 0 || f.P50 > f.P99 || f.P99 > f.Max || !f.To.After(f.From) {
		t.Errorf("%+v", f)
	}
}

func TestRun_Failures(t *testing.T) {
	var n atomic.Int32
	at := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		switch n.Add(1) % 4 {
		case 0:
			w.WriteHeader(http.StatusBadGateway)
		case 1:
			w.WriteHeader(http.StatusBadRequest) // the client's mistake
		case 2:
			w.Header().Set("Content-Length", "100")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler) // in the middle of the response
		}
	})
	f := Run(need.Context(t), Plan{URLs: []string{at}, Rates: []int{40}, For: time.Second}, func(Figures) {})
	if f.Answered != 40 || f.Failed != 20 {
		t.Errorf("%+v", f)
	}
}

// TestRun_TooManyPending uses a server that responds only after some requests have
// been skipped.
func TestRun_TooManyPending(t *testing.T) {
	release := make(chan struct{})
	at := serve(t, func(http.ResponseWriter, *http.Request) { <-release })
	var once sync.Once
	f := Run(need.Context(t), Plan{URLs: []string{at}, Rates: []int{MaxRate}, For: 3 * time.Second}, func(f Figures) {
		if f.Missed > 0 {
			once.Do(func() { close(release) })
		}
	})
	if f.Missed == 0 || f.Sent+f.Missed != 3*MaxRate || f.Answered != f.Sent {
		t.Errorf("%+v", f)
	}
}

func TestRun_Interrupted(t *testing.T) {
	ctx, stop := context.WithCancel(need.Context(t))
	answered := make(chan struct{})
	at := serve(t, func(http.ResponseWriter, *http.Request) {
		stop()
		<-answered
	})
	go func() {
		<-ctx.Done()
		close(answered)
	}()
	f := Run(ctx, Plan{URLs: []string{at}, Rates: []int{1}, For: MaxDuration}, func(Figures) {})
	if f.Sent != 1 || f.Answered != 1 || f.Failed != 0 {
		t.Errorf("what was under way did not end well: %+v", f)
	}
}

func TestPlan_Check(t *testing.T) {
	good := Plan{URLs: []string{"http://localhost"}, Rates: []int{1, MaxRate}, For: time.Second}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for want, spoil := range map[string]func(p *Plan){
		"a load needs a subject and a rate":                           func(p *Plan) { p.URLs = nil },
		"--rps 0 is out of range: use 1 to 500 requests per second":   func(p *Plan) { p.Rates = []int{5, 0} },
		"--rps 501 is out of range: use 1 to 500 requests per second": func(p *Plan) { p.Rates = []int{501} },
		"--for 10ms is out of range: use 1s to 10m0s":                 func(p *Plan) { p.For = 10 * time.Millisecond },
	} {
		bad := good
		spoil(&bad)
		if err := bad.Check(); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestPercentile(t *testing.T) {
	var sorted []time.Duration
	if got := percentile(sorted, 50); got != 0 {
		t.Error(got)
	}
	for i := range 200 {
		sorted = append(sorted, time.Duration(i+1))
	}
	for percent, want := range map[int]time.Duration{50: 100, 99: 198, 100: 200} {
		if got := percentile(sorted, percent); got != want {
			t.Errorf("p%d is %d, want %d", percent, got, want)
		}
	}
}
