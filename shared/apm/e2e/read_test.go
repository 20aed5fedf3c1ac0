package e2e_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"thinker/shared/apm/internal/process"
)

// TestSearch_NearMissesTakeLinearTime runs searches that nearly match at each position of
// a large value. A search that starts over at every position takes seconds for each of
// them, and exceeds the time limit of a request.
func TestSearch_NearMissesTakeLinearTime(t *testing.T) {
	t.Parallel()
	a := process.Start(t)
	var spans []string
	for id := 1; id <= 40; id++ {
		spans = append(spans, fmt.Sprintf(`{"trace_id":1,"span_id":%d,"service":"shop","name":"checkout",`+
			`"start":1700000000000000000,"duration":1,"meta":{"text":"%[1]d %s"}}`, id, strings.Repeat("a", 24_900)))
	}
	post(t, a, "[["+strings.Join(spans, ",")+"]]")
	for length := 1990; length < 2000; length++ {
		run := strings.Repeat("a", length)
		for _, query := range []string{
			"@text:*" + run + "b*",             // in a tag
			"@text:*" + run + "?b*",            // with a wildcard for one character
			"@text:*a*" + run + "b",            // after a part that matches
			"*" + run + "b*",                   // in any text
			"*" + strings.ToUpper(run) + "?b*", // in upper case
			"*" + run[1:] + "?b* " + run + "b", // two terms
		} {
			response := a.Get("/api/traces?query=" + url.QueryEscape(query))
			if response.Status != http.StatusOK || !strings.Contains(string(response.Body), `"traces":[]`) {
				t.Fatalf("%.20s…: status %d: %s", query, response.Status, response.Body)
			}
		}
	}
}

// TestSearch_PastedID searches for a trace and a span by their IDs in the forms that log
// lines have, also after a restart.
func TestSearch_PastedID(t *testing.T) {
	t.Parallel()
	a := process.Start(t)
	const traceID, spanID = "42436634851921264", "850598692808648585"
	post(t, a, `[[{"trace_id":`+traceID+`,"span_id":`+spanID+`,"service":"ids","name":"o","resource":"r",`+
		`"start":1700000000000000000,"duration":1000,"meta":{"_dd.p.tid":"0709000000000000"}}]]`)
	check := func(path, want string) {
		t.Helper()
		response := a.Get(path)
		if response.Status != http.StatusOK || !strings.Contains(string(response.Body), want) {
			t.Errorf("%s: status %d, lacks %s: %.500s", path, response.Status, want, response.Body)
		}
	}
	const found = `"trace_id":"` + traceID + `"`
	for range 2 {
		for _, id := range []string{
			traceID, "07090000000000000096c3e501cfcd70", "7090000000000000096c3e501cfcd70", "96c3e501cfcd70",
			" " + traceID + " ",
		} {
			check("/api/traces?query="+url.QueryEscape(id), found)
			check("/api/traces?query="+url.QueryEscape(`trace_id:"`+id+`"`), found)
			check("/traces?range=15m&query="+url.QueryEscape(id), "Open trace "+traceID+"</a>")
			check("/trace/"+url.PathEscape(id), "07090000000000000096c3e501cfcd70")
		}
		for _, id := range []string{spanID, "bcdef0123456789", "0bcdef0123456789"} {
			check("/api/traces?query="+id, found)
			check("/traces?range=15m&query="+id, "Open the span’s trace "+traceID+"</a>")
			check("/api/traces/"+traceID+"/outline?find="+id, `"found":[0]`)
		}
		restart(a)
	}
}

// chunkSize matches the line before a chunk, which holds what was sent together.
var chunkSize = regexp.MustCompile(`^[0-9a-f]+\r\n$`)

// TestEvents_ManyStreams checks that apm announces every change to every reader, although
// half of the streams are never read, and sends the changes of a payload together.
func TestEvents_ManyStreams(t *testing.T) {
	t.Parallel()
	const streams, payloads, traces = 500, 20, 100 // traces of each payload
	a := process.Start(t)
	var readers sync.WaitGroup
	for i := range streams {
		stream := a.Stream("/api/events")
		if i%2 == 0 {
			continue
		}
		readers.Go(func() {
			announced, chunks := map[string]bool{}, 0
			for len(announced) < payloads*traces {
				line, err := stream.ReadString('\n')
				if err != nil {
					t.Errorf("stream %d ended after %d traces: %v", i, len(announced), err)
					return
				}
				if _, id, ok := strings.Cut(line, `data: {"trace_id":"`); ok {
					announced[strings.TrimRight(id, "\"}\r\n")] = true
				}
				if chunkSize.MatchString(line) {
					chunks++
				}
			}
			if most := 3 * payloads; chunks > most {
				t.Errorf("stream %d: %d traces in %d chunks, want at most %d", i, len(announced), chunks, most)
			}
		})
	}
	last := fmt.Sprint(payloads * traces)
	ofLast := a.Stream("/api/events?trace=" + last)
	readers.Go(func() {
		for line := ""; !strings.HasPrefix(line, "data: "); {
			var err error
			line, err = ofLast.ReadString('\n')
			if err != nil || strings.HasPrefix(line, "data: ") && !strings.Contains(line, `"`+last+`"`) {
				t.Errorf("the stream of the last trace contains %q: %v", line, err)
				return
			}
		}
	})
	for p := range payloads {
		var chunks []string
		for i := range traces {
			chunks = append(chunks, strings.Trim(oneSpan(p*traces+i+1, ""), "[]"))
		}
		post(t, a, "[["+strings.Join(chunks, "],[")+"]]")
		wantTraces(t, a, p*traces+1, p*traces+1)
	}
	readers.Wait()
	if _, peak := a.Memory(); peak > 150 {
		t.Errorf("peak memory: %.0f MB, want at most 150", peak)
	}
}
