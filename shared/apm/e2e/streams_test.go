package e2e

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"thinker/shared/apm/internal/process"
)

// TestEvents_ManyStreams holds that payloads are stored and every change is
// announced to every reader, however many event streams there are and although
// half of them are never read. What a payload changes is announced together: a
// write for each trace and stream would leave the intake no time.
func TestEvents_ManyStreams(t *testing.T) {
	const streams, payloads, traces = 500, 20, 100 // of which each payload has some
	a := process.Start(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var readers sync.WaitGroup
	var open []process.Stream
	for i := range streams {
		s := a.Stream("/api/events")
		if i%2 == 0 {
			continue
		}
		open = append(open, s)
		readers.Go(func() {
			told, parts := map[string]bool{}, 0
			for len(told) < payloads*traces {
				line, err := s.ReadString('\n')
				if err != nil {
					t.Errorf("stream %d ended after notices of %d traces: %v", i, len(told), err)
					return
				}
				if _, id, ok := strings.Cut(line, `data: {"trace_id":"`); ok {
					told[strings.TrimRight(id, "\"}\r\n")] = true
				}
				if chunkSize.MatchString(line) {
					parts++
				}
			}
			if most := 3 * payloads; parts > most {
				t.Errorf("stream %d: %d traces are announced in %d parts, want at most %d", i, len(told), parts, most)
			}
		})
	}
	// One that is about the last trace alone.
	last := a.Stream(fmt.Sprintf("/api/events?trace=%d", payloads*traces))
	open = append(open, last)
	readers.Go(func() {
		for line := ""; !strings.HasPrefix(line, "data: "); {
			var err error
			if line, err = last.ReadString('\n'); err != nil || strings.HasPrefix(line, "data: ") && !strings.Contains(line, fmt.Sprintf(`"%d"`, payloads*traces)) {
				t.Errorf("the stream of the last trace says %q: %v", line, err)
				return
			}
		}
	})
	defer context.AfterFunc(ctx, func() {
		for _, s := range open {
			s.Close()
		}
	})()

	for p := range payloads {
		var body []string
		for i := range traces {
			body = append(body, fmt.Sprintf(`[{"trace_id":%d,"span_id":1,"service":"shop","name":"checkout","start":1700000000000000000,"duration":1}]`, p*traces+i+1))
		}
		if response := a.Post("/v0.4/traces", "application/json", strings.NewReader("["+strings.Join(body, ",")+"]")); response.Status != http.StatusOK {
			t.Fatalf("payload %d: status %d: %s", p, response.Status, response.Body)
		}
	}
	for p := range payloads {
		if response := a.Get(fmt.Sprintf("/api/traces/%d", p*traces+1)); response.Status != http.StatusOK {
			t.Errorf("payload %d: status %d: %s", p, response.Status, response.Body)
		}
	}
	readers.Wait()
	if _, peak, known := a.Memory(); known {
		t.Logf("peak memory: %.0f MB", peak)
		if most := 150.0; peak > most {
			t.Errorf("peak memory: %.0f MB, want at most %.0f", peak, most)
		}
	}
}

// chunkSize matches the line before a chunk, which is a part that was sent at once.
var chunkSize = regexp.MustCompile(`^[0-9a-f]+\r\n$`)
