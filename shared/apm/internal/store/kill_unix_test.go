//go:build unix

package store_test

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/internal/store"
	"thinker/shared/apm/query"
)

// TestMain lets the test program run itself as one that adds traces until it's killed.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "keep-traces" {
		keepTraces(os.Args[2], os.Args[3], os.Args[4])
	}
	os.Exit(m.Run())
}

// keepers is the number of goroutines that add spans.
const keepers = 4

// keepTraces adds traces forever, and prints each one's ID and number of acknowledged spans.
// A trace gets three spans, and later a fourth. IDs start after first.
func keepTraces(path, maxSpans, first string) {
	spans, _ := strconv.Atoi(maxSpans)
	begin, _ := strconv.ParseUint(first, 10, 64)
	s, err := store.Open(store.Config{Path: path, MaxSpans: spans})
	if err != nil {
		panic(err)
	}
	keep := func(id uint64, from, to uint64) {
		service := fmt.Sprint("service ", id%5)
		if id%97 == 0 {
			service = "rare" // of which some are spared
		}
		var spans []apm.Span
		for n := from; n <= to; n++ {
			spans = append(spans,
				apm.Span{TraceID: id, SpanID: n, Service: service, Start: int64(id),
					Meta: map[string]string{"tag": fmt.Sprint("value ", id)}})
		}
		if err := s.Add(context.Background(), spans); err != nil {
			panic(err)
		}
		fmt.Println(id, to) // in one piece
	}
	// None may fall behind the others, or a trace is evicted before its last span.
	const behind = 20 * keepers
	for next := begin; ; next += keepers {
		var round sync.WaitGroup
		for keeper := range uint64(keepers) {
			round.Go(func() {
				id := next + keeper
				keep(id, 1, 3)
				if id >= begin+behind {
					keep(id-behind, 4, 4)
				}
			})
		}
		round.Wait()
	}
}

// TestStore_Kill kills programs that add spans, and checks that all acknowledged spans are stored.
func TestStore_Kill(t *testing.T) {
	for name, maxSpans := range map[string]int{"while it keeps all": math.MaxInt32, "while it evicts": 2000} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "t.db")
			safe := map[uint64]int{}
			last := uint64(0)
			for kills := 1; kills <= 15; kills++ {
				last = killed(t, path, maxSpans, last+1, safe)
				if kills%3 == 0 { // as it tidies up what the killed left behind
					check(t, path, maxSpans, safe, kills, last)
				}
			}
		})
	}
}

// killed runs a program that adds traces, kills it, and records the acknowledged spans in
// safe. last is the ID of its last trace.
func killed(t *testing.T, path string, maxSpans int, first uint64, safe map[uint64]int) (last uint64) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "keep-traces", path, strconv.Itoa(maxSpans), fmt.Sprint(first))
	cmd.Stderr = os.Stderr
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(output)
	for lines.Scan() { // until all that it has said is read
		if last == 0 {
			time.AfterFunc(rand.N(400*time.Millisecond), func() { _ = cmd.Process.Kill() }) // once it has begun
		}
		var id uint64
		var spans int
		if _, err := fmt.Sscan(lines.Text(), &id, &spans); err != nil {
			t.Fatalf("the program printed %q", lines.Text())
		}
		last = max(last, id)
		safe[id] = max(safe[id], spans)
	}
	_ = cmd.Wait() // by a signal
	if code := cmd.ProcessState.ExitCode(); code != -1 {
		t.Fatalf("the program ended with exit code %d before it was killed", code)
	}
	return last + keepers
}

// check opens the store and looks for the acknowledged spans. Each killed goroutine may have
// stored one trace that wasn't acknowledged.
func check(t *testing.T, path string, maxSpans int, safe map[uint64]int, kills int, last uint64) {
	t.Helper()
	s, err := store.Open(store.Config{Path: path, MaxSpans: maxSpans})
	if err != nil {
		t.Fatal(err)
	}
	summaries, _, err := s.Search(t.Context(), query.Request{Limit: math.MaxInt})
	if err != nil {
		t.Fatal(err)
	}
	found := map[uint64]int{}
	spans := 0
	for _, summary := range summaries {
		found[summary.TraceID] = summary.Spans
		spans += summary.Spans
		if summary.Spans < max(3, safe[summary.TraceID]) || summary.Spans > 4 {
			t.Errorf("trace %d has %d spans, of which %d were acknowledged", summary.TraceID, summary.Spans,
				safe[summary.TraceID])
		}
	}
	kept := s.Retention()
	safeSpans, gone := 0, 0
	for id, n := range safe {
		safeSpans += n
		if _, there := found[id]; there {
			continue
		}
		if gone++; kept.EvictedTraces == 0 || last-id < uint64(maxSpans/8) {
			t.Errorf("trace %d was acknowledged and is missing, after %d kills and %d traces", id, kills, last)
		}
	}
	unknown := kills * keepers
	if all := len(found) + kept.EvictedTraces; kept.Traces != len(found) || gone > kept.EvictedTraces ||
		all < len(safe) || all > len(safe)+unknown {
		t.Errorf("found %d traces of %d acknowledged ones; the store reports %+v", len(found), len(safe), kept)
	}
	if all := kept.Spans + kept.EvictedSpans; kept.Spans != spans || all < safeSpans || all > safeSpans+3*unknown ||
		kept.Spans > maxSpans || kept.DamagedSpans != 0 {
		t.Errorf("found %d spans of %d acknowledged ones; the store reports %+v", spans, safeSpans, kept)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if t.Failed() {
		t.FailNow() // else it is said again and again
	}
}
