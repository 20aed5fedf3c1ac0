package lesson

import "strings"

// A change is what a hunk of a lesson's diff is for.
type change struct {
	file string
	line string // stands in a line that the hunk adds or removes, and in no other hunk; empty: the file is deleted
	says string
}

// says is the sentence for a hunk of a lesson's diff.
func says(step int, hunk Hunk) string {
	for _, c := range changes[step-1] {
		if c.file == hunk.File && c.in(hunk) {
			return c.says
		}
	}
	return ""
}

func (c change) in(hunk Hunk) bool {
	if c.line == "" {
		return hunk.Text == ""
	}
	for line := range strings.Lines(hunk.Text) {
		if strings.ContainsAny(line[:1], "+-") && strings.Contains(line, c.line) {
			return true
		}
	}
	return false
}

var changes = [...][]change{
	{
		{"thinker/main.go", "tracer.Start(",
			"The tracer collects this service's finished spans and sends them to the agent; Stop sends the last ones before " +
				"the program ends."},
		{"thinker/main.go", `"think", tracer.Tag(`,
			"A span named think covers each thought, has the subject as a tag, and records the error if there is one."},
	},
	{
		{"api/main.go", "inject(ctx", "Before the api sends its request, it adds the headers."},
		{"api/trace.go", `"context"`, "inject needs the context, because the context holds the current span."},
		{"api/trace.go", "func inject(",
			"Two headers carry the ID of the trace and the ID of the span, both as decimal numbers."},
		{"thinker/trace.go", "tracer.Extract(",
			"Extract reads the two headers, and ChildOf makes the api's span the parent; without valid headers, the span " +
				"starts a new trace as before."},
	},
	{
		{"api/main.go", "contrib/net/http",
			"Three packages of the tracing library replace the plain router and our own code."},
		{"api/main.go", "httptrace.WrapClient(",
			"The router and the client start the spans, the client sends the headers, and the log handler adds the IDs to " +
				"log lines."},
		{"api/main.go", "inject(ctx", "The client sends the headers now."},
		{"api/trace.go", "", "The router does what this file did."},
		{"thinker/main.go", "contrib/gorilla/mux",
			"The microservice uses the same router and log handler; it calls no other service, so it needs no client."},
		{"thinker/main.go", "muxtrace.NewRouter()", "The router reads the headers of each request and continues its trace."},
		{"thinker/trace.go", "", "The router does what this file did, too."},
	},
	{
		{"thinker/main.go", "openStore(",
			"A new setting names the database file; the microservice opens it before the tracer starts, so no trace " +
				"contains the preparation."},
		{"thinker/main.go", "store *sqliteStore", "The microservice uses one store for all requests."},
		{"thinker/main.go", "t.store.find(",
			"find gets the context, because the context holds the span that becomes the query's parent."},
		{"thinker/memory.go", "", "The thoughts move from this map into the database."},
		{"thinker/schema.sql", "CREATE TABLE", "The six thoughts become rows; each start restores them."},
		{"thinker/store.go", "sqltrace.Register(",
			"The tracing library wraps the SQLite driver, so each query becomes a span; if there is no row, find returns " +
				"the same error as before."},
		{"thinker/thoughts.go", "int64", "A thought is now a row, with an ID and a subject."},
	},
	{
		{"thinker/cache.go", "redistrace.WrapClient(",
			"The cache gets a thought from Redis, or calls think and stores the result for 30 seconds; the wrapped client " +
				"makes each command a span."},
		{"thinker/main.go", `"redis-addr"`, "Two new settings say where Redis is, and how long to wait for it."},
		{"thinker/main.go", "openCache(",
			"The cache connects to Redis before the first request; it's opened after the tracer starts, so its spans get " +
				"the tracer's service name."},
		{"thinker/main.go", "cache *redisCache", "The microservice uses one cache for all requests."},
		{"thinker/main.go", "memoize(",
			"The think span stays around everything, but only a cache miss waits and queries the database."},
	},
}
