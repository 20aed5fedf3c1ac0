package e2e_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"thinker/shared/apm/internal/process"
	"thinker/shared/apm/tracegen"
)

// maxDisk is much more than any payload may leave on disk, in bytes.
const maxDisk = 400_000_000

// startMeasured runs apm, and skips the test if its memory can't be measured.
func startMeasured(t *testing.T) *process.APM {
	t.Helper()
	a := process.Start(t)
	if _, peak := a.Memory(); peak == 0 {
		t.Skip("only Linux reports the peak of a process's memory")
	}
	return a
}

// TestMemory_HeavyPayloads checks that apm limits its memory, still responds and starts
// again, whatever it was sent.
func TestMemory_HeavyPayloads(t *testing.T) {
	t.Parallel()
	for _, payload := range tracegen.HeavyPayloads() {
		t.Run(payload.Name, func(t *testing.T) {
			t.Parallel()
			a := startMeasured(t)
			var body bytes.Buffer
			// The uncompressed size counts.
			compressed, _ := gzip.NewWriterLevel(&body, gzip.NoCompression)
			_, _ = compressed.Write(payload.Body())
			_ = compressed.Close()
			var senders sync.WaitGroup
			for range payload.Senders {
				senders.Go(func() {
					response := a.Request(http.MethodPost, payload.Path, bytes.NewReader(body.Bytes()), "Content-Type",
						payload.ContentType(), "Content-Encoding", "gzip", "Datadog-Send-Real-Http-Status", "true")
					busy := payload.Senders > 1 && response.Status == http.StatusTooManyRequests
					if response.Status != payload.Status && !busy {
						t.Errorf("status %d, want %d: %.200s", response.Status, payload.Status, response.Body)
					}
				})
			}
			senders.Wait()
			if response := a.Get("/healthz"); response.Status != http.StatusOK {
				t.Errorf("afterwards, /healthz responds with status %d", response.Status)
			}
			checkMemory(t, a, "receiving")
			if disk := a.DiskUse(); disk > maxDisk {
				t.Errorf("%d MB on disk, of at most %d MB", disk/1e6, maxDisk/1_000_000)
			}
			restart(a) // with what the payload left in the file
			a.Get("/api/traces?limit=1")
			checkMemory(t, a, "restarting")
		})
	}
}

// longText returns a text of almost length bytes, which differs for each number.
func longText(number, length int) string {
	return strings.Repeat(fmt.Sprintf("%08d ", number), length/9) + fmt.Sprint(number)
}

// fillWithTexts stores 120 MB of long texts, one in a field of each span: three quarters
// of the spans in trace 1, the others in trace 2.
func fillWithTexts(t *testing.T, a *process.APM, spans int, field string, length int) {
	t.Helper()
	const perPayload = 200
	for first := 1; first <= spans; first += perPayload {
		var list []string
		for id := first; id < first+perPayload; id++ {
			trace := 1
			if id%4 == 0 {
				trace = 2
			}
			list = append(list,
				fmt.Sprintf(`{"trace_id":%d,"span_id":%d,"parent_id":1,"service":"shop","name":"checkout",`+
					`"start":%d,"duration":1000,"metrics":{"_dd.top_level":1},%s}`,
					trace, id, 1_700_000_000_000_000_000+id, fmt.Sprintf(field, longText(id, length))))
		}
		post(t, a, "[["+strings.Join(list, ",")+"]]")
	}
	checkMemory(t, a, "storing")
	restart(a) // with spans in the log
	checkMemory(t, a, "starting")
}

// readAtOnce sends three GETs at the same time to a new process.
func readAtOnce(t *testing.T, a *process.APM, path string) {
	t.Helper()
	restart(a)
	var clients sync.WaitGroup
	for range 3 {
		clients.Go(func() {
			if response := a.Get(path); response.Status != http.StatusOK {
				t.Errorf("%s: status %d: %.200s", path, response.Status, response.Body)
			}
		})
	}
	clients.Wait()
	checkMemory(t, a, path)
}

func TestMemory_ReadersOfLongTexts(t *testing.T) {
	t.Parallel()
	a := startMeasured(t)
	const spans = 5000
	fillWithTexts(t, a, spans, `"type":"web","resource":"GET /","meta":{"text":"%s"}`, 24_000)
	for _, path := range []string{
		"/api/facets", "/api/facets?field=@text&limit=1000",
		"/api/figures?scope=all&by=@text&limit=1000", "/api/figures?scope=all&by=@text&limit=60&buckets=1000",
		"/api/traces?query=@text:*7", "/api/traces/1", "/api/traces/1/outline?find=text", "/trace/1?view=list",
		"/compare/traces?a=1&b=2", "/api/dependencies?scope=all", "/api/span-summary?scope=all",
		"/traces?query=@text:*7",
	} {
		readAtOnce(t, a, path)
	}
	if trace := a.Get("/api/traces/1").Body; bytes.Count(trace, []byte(`"span_id"`)) != spans*3/4 ||
		!json.Valid(trace) {
		t.Errorf("the API returns %d bytes, want all spans of the trace", len(trace))
	}
	if page := a.Get("/trace/1").Body; !bytes.Contains(page, []byte("too large to show in full")) {
		t.Error("the page doesn't say that it leaves spans out")
	}
}

func TestMemory_ReadersOfLongResources(t *testing.T) {
	t.Parallel()
	a := startMeasured(t)
	const length = 4900
	fillWithTexts(t, a, 25_000, `"resource":"%s"`, length)
	for _, path := range []string{"/api/traces", "/api/dependencies?scope=all", "/api/services/shop/resources"} {
		readAtOnce(t, a, path)
	}
	list := a.Get("/api/traces").Body
	if !bytes.Contains(list, []byte(`"spans":18750`)) || !bytes.Contains(list, []byte(longText(1, length))) {
		t.Errorf("the list lacks the trace, its spans or its resource: %.200s", list)
	}
}
