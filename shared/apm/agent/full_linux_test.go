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

// small is the size of the disk.
const small = 24 << 20

// until waits for a condition.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for tick := time.Tick(10 * time.Millisecond); !holds(); {
		select {
		case <-tick:
		case <-deadline:
			t.Fatalf("not within its time: %s", what)
		}
	}
}

// A sender adds traces of three spans, and notes those that were kept.
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

// check looks for every trace that was kept; only the oldest may be gone.
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
	gone := 0
	for i, id := range s.kept {
		if n, found := spans[id]; !found && gone == i {
			gone++
		} else if n != 3 {
			t.Errorf("%s: trace %d, the %dth of %d, has %d spans", when, id, i+1, len(s.kept), n)
		}
	}
	kept := in.Retention()
	if kept.EvictedTraces != gone || kept.Traces != len(s.kept)-gone ||
		kept.Spans != 3*kept.Traces || kept.DamagedSpans != 0 {
		t.Fatalf("%s: %d traces of %d are gone, kept are %+v", when, gone, len(s.kept), kept)
	}
}

// Senders are told, the pages say what to do, and what was kept is shown.
func TestAFullDiskIsToldToItsSenders(t *testing.T) {
	process.SmallDisk(t, small, func(t *testing.T, dir string) {
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
		until(t, "the disk is full", func() bool { return sent() == 507 })
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
		until(t, "spans are taken in again", func() bool { return sent() == 200 })
	})
}

// Where a store has come to its bounds, what is evicted makes room enough: only
// its write-ahead log takes some more.
func TestAStoreAtItsBoundsGoesOnOnAFullDisk(t *testing.T) {
	process.SmallDisk(t, small, func(t *testing.T, dir string) {
		config := agent.Config{DB: filepath.Join(dir, "t.db"), MaxSpans: 16 * 30}
		a := start(t, config)
		var s sender
		for range 2 {
			for range 400 {
				if err := s.send(t, a.Store()); err != nil {
					t.Fatal(err)
				}
			}
			if err := a.Close(t.Context()); err != nil { // which empties the log
				t.Fatal(err)
			}
			a = start(t, config)
		}
		process.FillDisk(t, filepath.Join(dir, "ballast"), 1<<20)
		evicted := a.Store().Retention().EvictedTraces
		until(t, "more has gone than there was room for", func() bool {
			_ = s.send(t, a.Store()) // which may have to wait
			return a.Store().Retention().EvictedTraces > evicted+200
		})
		s.check(t, a.Store(), "at last")
	})
}

// However much room is left when it ends, whatever was kept stays; and when
// there is room again, spans are taken in again.
func TestADiskThatIsFullForATime(t *testing.T) {
	process.SmallDisk(t, small, func(t *testing.T, dir string) {
		for name, config := range map[string]agent.Config{
			"all is kept": {MaxSpans: 16 * 300}, "the oldest go": {MaxSpans: 16 * 30},
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
				if refused == 0 && name == "all is kept" {
					t.Errorf("%s: the disk was not full", when)
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
					s.check(t, a.Store(), when+", opened again")
				}
				until(t, "spans are taken in again", func() bool { return s.send(t, a.Store()) == nil })
				s.check(t, a.Store(), when+", room again")
			}
			if err := a.Close(t.Context()); err != nil {
				t.Error(err)
			}
			a = start(t, config)
			s.check(t, a.Store(), name+", at last")
			_ = a.Close(t.Context())
			if err := os.RemoveAll(filepath.Join(dir, "data")); err != nil {
				t.Fatal(err)
			}
		}
	})
}
