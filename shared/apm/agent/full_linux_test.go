package agent_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/agent"
	"thinker/shared/apm/internal/process"
	"thinker/shared/apm/internal/store"
)

const diskSize = 24 << 20

// waitUntil waits until a condition is true. description completes a failure's message.
func waitUntil(t *testing.T, description string, condition func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for tick := time.Tick(10 * time.Millisecond); !condition(); {
		select {
		case <-tick:
		case <-deadline:
			t.Fatalf("after 20 s, still waiting until %s", description)
		}
	}
}

// A sender adds traces of three spans, and remembers the accepted ones.
type sender struct {
	next uint64
	kept []uint64
}

func (s *sender) send(t *testing.T, to *store.Store) error {
	t.Helper()
	s.next++
	var spans []apm.Span
	for n := range uint64(3) {
		text := make([]byte, 3000)
		for i := range text {
			text[i] = byte(' ' + rand.IntN(90))
		}
		spans = append(spans, apm.Span{
			TraceID: s.next, SpanID: n + 1, Service: "shop", Start: int64(s.next),
			Meta: map[string]string{"text": string(text)},
		})
	}
	err := to.Add(t.Context(), spans)
	if err == nil {
		s.kept = append(s.kept, s.next)
	} else if !errors.Is(err, store.ErrFull) {
		t.Fatalf("trace %d: %v", s.next, err)
	}
	return err
}

// check compares the store with the accepted traces, of which the oldest may be evicted.
func (s *sender) check(t *testing.T, in *store.Store, when string) {
	t.Helper()
	summaries, _, err := in.Recent(len(s.kept)+1, 0)
	if err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	spans := map[uint64]int{}
	for _, summary := range summaries {
		spans[summary.TraceID] = summary.Spans
	}
	evicted := 0
	for i, id := range s.kept {
		if n, found := spans[id]; !found && evicted == i {
			evicted++
		} else if n != 3 {
			t.Errorf("%s: trace %d, the %dth of %d, has %d spans", when, id, i+1, len(s.kept), n)
		}
	}
	kept := in.Retention()
	if kept.EvictedTraces != evicted || kept.Traces != len(s.kept)-evicted ||
		kept.Spans != 3*kept.Traces || kept.DamagedSpans != 0 {
		t.Fatalf("%s: %d traces of %d are missing; the store reports %+v", when, evicted, len(s.kept), kept)
	}
}

// TestAgent_FullDisk checks that senders get an error, that the pages show advice and the
// stored traces, and that spans are accepted once there is space.
func TestAgent_FullDisk(t *testing.T) {
	process.SmallDisk(t, diskSize, func(t *testing.T, dir string) {
		a := start(t, agent.Config{DB: filepath.Join(dir, "t.db")})
		sent := func() int {
			code, _ := send(t, "POST", a.URL()+"/v0.4/traces", onePayload)
			return code
		}
		if code := sent(); code != 200 {
			t.Fatal(code)
		}
		ballast := filepath.Join(dir, "ballast")
		process.FillDisk(t, ballast, 0)
		waitUntil(t, "the disk is full", func() bool { return sent() == 507 })
		for path, wants := range map[string][]string{
			"/api/intake": {`"reason":"disk full","count":1`, "Free space"},
			"/intake":     {"disk full", "Free space"},
			"/traces":     {"GET /"},
			"/trace/7":    {"http.request"},
		} {
			code, body := get(t, a.URL()+path)
			for _, want := range wants {
				if code != 200 || !strings.Contains(body, want) {
					t.Errorf("%s: %d, lacks %s: %s", path, code, want, body)
				}
			}
		}
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		waitUntil(t, "spans are accepted again", func() bool { return sent() == 200 })
	})
}

// A store at its limit accepts spans on a full disk, since eviction frees enough space. Only
// its log needs a little more.
func TestAgent_FullDiskAtMaxSpans(t *testing.T) {
	process.SmallDisk(t, diskSize, func(t *testing.T, dir string) {
		config := agent.Config{DB: filepath.Join(dir, "t.db"), MaxSpans: 16 * 30}
		a := start(t, config)
		var s sender
		for range 2 {
			for range 400 {
				if err := s.send(t, a.Store()); err != nil {
					t.Fatal(err)
				}
			}
			if err := a.Close(t.Context()); err != nil { // empties the log
				t.Fatal(err)
			}
			a = start(t, config)
		}
		process.FillDisk(t, filepath.Join(dir, "ballast"), 1<<20)
		evicted := a.Store().Retention().EvictedTraces
		waitUntil(t, "more traces are evicted than the free space holds", func() bool {
			_ = s.send(t, a.Store()) // may be refused until segments are removed
			return a.Store().Retention().EvictedTraces > evicted+200
		})
		s.check(t, a.Store(), "at the end")
	})
}

// TestAgent_DiskFullAtTimes leaves different amounts of space on the disk. Accepted spans
// must stay, and once there is space, spans must be accepted again.
func TestAgent_DiskFullAtTimes(t *testing.T) {
	process.SmallDisk(t, diskSize, func(t *testing.T, dir string) {
		for name, config := range map[string]agent.Config{
			"nothing evicted": {MaxSpans: 16 * 300}, "oldest evicted": {MaxSpans: 16 * 30},
		} {
			config.DB = filepath.Join(dir, "data", "t.db")
			ballast := filepath.Join(dir, "ballast")
			a := start(t, config)
			var s sender
			for cycle := range 8 {
				for range 40 {
					if err := s.send(t, a.Store()); err != nil {
						t.Fatalf("%s, cycle %d: %v", name, cycle, err)
					}
				}
				process.FillDisk(t, ballast, []int{0, 30_000, 300_000, 1_000_000}[cycle%4])
				refused := 0
				for tries := 0; refused < 10 && tries < 300; tries++ {
					if s.send(t, a.Store()) != nil {
						refused++
					}
				}
				when := fmt.Sprintf("%s, cycle %d, %d refused", name, cycle, refused)
				if refused == 0 && name == "nothing evicted" {
					t.Errorf("%s: the disk wasn't full", when)
				}
				s.check(t, a.Store(), when)
				if cycle%2 == 1 {
					if err := a.Close(t.Context()); err != nil {
						t.Errorf("%s: %v", when, err)
					}
				}
				if err := os.Remove(ballast); err != nil {
					t.Fatal(err)
				}
				if cycle%2 == 1 {
					a = start(t, config)
					s.check(t, a.Store(), when+", reopened")
				}
				waitUntil(t, "spans are accepted again", func() bool { return s.send(t, a.Store()) == nil })
				s.check(t, a.Store(), when+", with free space")
			}
			if err := a.Close(t.Context()); err != nil {
				t.Error(err)
			}
			a = start(t, config)
			s.check(t, a.Store(), name+", at the end")
			_ = a.Close(t.Context())
			if err := os.RemoveAll(filepath.Join(dir, "data")); err != nil {
				t.Fatal(err)
			}
		}
	})
}
