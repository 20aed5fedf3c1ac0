package bench_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"thinker/shared/apm/api"
	"thinker/shared/apm/fetch"
	"thinker/shared/apm/internal/process"
)

// BenchmarkReads measures how fast an apm with many spans responds: at rest, and while it
// receives 50,000 spans per second; and how fast it starts after a kill.
func BenchmarkReads(b *testing.B) {
	a := start(b, "--max-spans", fmt.Sprint(*fill+3_000_000))
	filled := startLoad(b, a, "--spans", fmt.Sprint(*fill), "--spread", "4h", "--unique").wait()
	if lost(filled) > 0 {
		b.Fatalf("filling it lost %v spans", lost(filled))
	}
	b.Run("AtRest", func(b *testing.B) {
		for b.Loop() {
			measureReads(b, a)
		}
		reportSize(b, a)
		b.ReportMetric(float64(countSpans(b, a)), "spans-held")
	})
	b.Run("UnderLoad", func(b *testing.B) {
		for b.Loop() {
			load := startLoad(b, a, "--rate", "50000", "--for", "10m", "--unique")
			measureReads(b, a)
			sent := load.interrupt()
			b.ReportMetric(sent.SpansPerSecond, "spans/s")
			b.ReportMetric(lost(sent), "lost")
		}
		reportSize(b, a)
	})
	b.Run("Restart", func(b *testing.B) {
		var took []time.Duration
		for b.Loop() {
			for range 5 {
				a.Kill()
				began := time.Now()
				a.Run()
				for a.Get("/api/traces?limit=1").Status != http.StatusOK {
				}
				took = append(took, time.Since(began))
			}
		}
		b.ReportMetric(percentile(took, 0.5), "ms-p50")
		b.ReportMetric(percentile(took, 1), "ms-max")
		b.ReportMetric(0, "ns/op")
	})
}

// reads returns the paths to measure by name, in order.
func reads(b *testing.B, a *process.APM) [][2]string {
	b.Helper()
	now := time.Now()
	const newest = "/api/traces?limit=1&query=service:thinker-api"
	known := traceIDs(a.Get(fmt.Sprintf("%s&to=%d", newest, now.Add(-2*time.Hour).UnixNano())))
	if known = append(known, traceIDs(a.Get(newest))...); len(known) == 0 {
		b.Fatal("it stores no trace")
	}
	trace := process.Decode[api.Trace](a, "/api/traces/"+known[0])
	requestID := trace.Spans[0].Meta["request.id"]
	search := func(query string) string {
		return "/api/traces?" + url.Values{"limit": {"50"}, "query": {query}}.Encode()
	}
	last4Hours := fmt.Sprintf("&from=%d&to=%d", now.Add(-4*time.Hour).UnixNano(), now.UnixNano())
	resource := url.Values{"query": {`resource_name:"GET /think/"`}}.Encode()
	fields := "field=env&field=service&field=operation_name&field=resource_name&field=status&field=@http.status_code"
	return [][2]string{
		{"the newest 50", "/api/traces?limit=50"},
		{"service:thinker-api", search("service:thinker-api")},
		{"status:error", search("status:error")},
		{"service, resource, error, duration",
			search("service:thinker-microservice resource_name:think status:error duration:>100ms")},
		{"@subject:war", search("@subject:war")},
		{"@request.id:<2 h old>", search("@request.id:" + requestID)},
		{"@http.url:*nothing*", search("@http.url:*nothing*")},
		{"free text: nothing", search("nothing")},
		{"a trace by its ID", "/api/traces/" + known[0]},
		{"services", "/api/services?" + last4Hours},
		{"resources of a service", "/api/services/thinker-microservice/resources?" + last4Hours},
		{"figures by service, 60 buckets", "/api/figures?by=service&buckets=60" + last4Hours},
		{"one resource's by version, with distribution",
			"/api/figures?by=version&buckets=60&distribution=true&" + resource + last4Hours},
		{"facets", "/api/facets?" + fields + "&field=version" + last4Hours},
		{"facets, all there are", "/api/facets?" + last4Hours},
		{"time spent, 60 buckets", "/api/time-spent?query=service:thinker-api&buckets=60" + last4Hours},
		{"dependencies", "/api/dependencies?" + last4Hours},
		{"span summary", "/api/span-summary?query=service:thinker-api" + last4Hours},
	}
}

// measureReads measures each read, and how soon a sent span is found. It prints a table,
// and reports the slowest.
func measureReads(b *testing.B, a *process.APM) {
	b.Helper()
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "p50 ms\tp99 ms\tmax ms\ttimes\tfound\t\n")
	var p50, p99 float64
	row := func(name, found string, took []time.Duration) {
		fmt.Fprintf(table, "%.1f\t%.1f\t%.1f\t%d\t%s\t  %s\n",
			percentile(took, 0.5), percentile(took, 0.99), percentile(took, 1), len(took), found, name)
		p50, p99 = max(p50, percentile(took, 0.5)), max(p99, percentile(took, 0.99))
	}
	for _, read := range reads(b, a) {
		found := "-"
		took := repeat(func() {
			response := a.Get(read[1])
			if response.Status != http.StatusOK {
				b.Fatalf("%s: status %d", read[1], response.Status)
			}
			if strings.HasPrefix(read[1], "/api/traces?") {
				found = fmt.Sprint(len(traceIDs(response)))
			}
		})
		row(read[0], found, took)
	}
	row("a span just sent, until found", "1", repeat(func() {
		id := time.Now().UnixNano()
		a.PostTraces(fmt.Sprintf(`[[{"trace_id":%d,"span_id":%[1]d,"service":"fresh","name":"fresh","start":%[1]d,`+
			`"duration":1,"meta":{"fresh":"f%[1]d"}}]]`, id))
		for len(traceIDs(a.Get(fmt.Sprintf("/api/traces?limit=1&query=@fresh:f%d", id)))) == 0 {
			if time.Since(time.Unix(0, id)) > time.Minute {
				b.Fatal("a span that was sent isn't found")
			}
		}
	}))
	_ = table.Flush() // a Builder never fails
	b.Log("\n" + text.String())
	b.ReportMetric(p50, "ms-slowest-p50")
	b.ReportMetric(p99, "ms-slowest-p99")
}

// repeat runs a read many times, and returns how long each took. It waits in between, so
// that the reads coincide with everything that apm does meanwhile.
func repeat(read func()) (took []time.Duration) {
	const times, limit = 110, 5 * time.Second // so that the first isn't the 99th percentile
	pace := time.NewTicker(10 * time.Millisecond)
	defer pace.Stop()
	for began := time.Now(); len(took) < times && time.Since(began) < limit; <-pace.C {
		start := time.Now()
		read()
		took = append(took, time.Since(start))
	}
	return took
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// percentile returns the duration in milliseconds that a share of them, from 0 to 1, don't
// exceed.
func percentile(took []time.Duration, share float64) float64 {
	sorted := slices.Sorted(slices.Values(took))
	rank := int(math.Ceil(share * float64(len(sorted))))
	return milliseconds(sorted[max(0, rank-1)])
}

// traceIDs returns the IDs in a list of traces.
func traceIDs(response fetch.Response) (ids []string) {
	var list api.Traces
	_ = json.Unmarshal(response.Body, &list) // else it has none
	for _, t := range list.Traces {
		ids = append(ids, t.TraceID)
	}
	return ids
}

// countSpans counts the stored spans, page by page.
func countSpans(b *testing.B, a *process.APM) (n int) {
	b.Helper()
	for cursor := new("0"); cursor != nil; {
		page := process.Decode[api.Traces](a, "/api/traces?limit=1000&cursor="+*cursor)
		for _, t := range page.Traces {
			n += t.Spans
		}
		cursor = page.Next
	}
	return n
}
