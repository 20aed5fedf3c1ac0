package lesson

import "strings"

// A change is what a hunk of a lesson's diff is for.
type change struct {
	file string
	line string // stands in a line that the hunk adds or removes, and in no other hunk; empty: the file is gone
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
		{"thinker/main.go", "tracer.Start(", "The tracer gathers the spans that this service finishes and sends them to the agent under the service's name; Stop sends those that are left before the program ends."},
		{"thinker/main.go", `"think", tracer.Tag(`, "A span named think covers each thought from its beginning to its end, says in a tag what it was about, and takes the error where there is one."},
	},
	{
		{"api/main.go", "inject(ctx", "Before the request leaves, its headers name the span that it is sent from."},
		{"api/trace.go", `"context"`, "The current span is found in the context."},
		{"api/trace.go", "func inject(", "The two headers carry the ID of the trace and that of the span, both as decimal numbers."},
		{"thinker/trace.go", `v1/ddtrace"`, "This package has the type of an option that changes nothing about a span, for a caller that names no parent."},
		{"thinker/trace.go", "extract(r.Header)", "The span of each request begins below the one that the caller names."},
		{"thinker/trace.go", "func extract(", "Extract makes a parent of the two headers; where they are missing, or make no sense, the span starts a trace of its own, as it did before."},
	},
	{
		{"api/main.go", "contrib/net/http", "Two packages of the tracing library take the place of the plain router, and of what we wrote ourselves."},
		{"api/main.go", "httptrace.WrapClient(", "The wrapped client puts a span around each call and names it in the headers, and the instrumented router puts one around each request, so the handler needs nothing around it."},
		{"api/main.go", "inject(ctx", "The headers are the client's work now."},
		{"api/trace.go", "", "All that this file did, the library does."},
		{"thinker/main.go", "contrib/gorilla/mux", "The thinker gets the instrumented router, too; it makes no calls, so it needs no client."},
		{"thinker/main.go", "muxtrace.NewRouter()", "The router reads the headers that come in, and has its span continue the caller's trace."},
		{"thinker/trace.go", "", "Here, too, nothing is left to do by hand."},
	},
	{
		{"thinker/main.go", "openStore(", "The thinker is told which file the database is in, and opens it before the tracer starts, so that what is done to prepare it is in no trace."},
		{"thinker/main.go", "store *store", "The thinker keeps the store for its requests."},
		{"thinker/main.go", "t.store.find(", "The query is given the context, in which the driver finds the span that it belongs below."},
		{"thinker/schema.sql", "CREATE TABLE", "The six thoughts become rows, which each start restores."},
		{"thinker/store.go", "sqltrace.Register(", "The tracing library wraps the SQLite driver, so that each query within a trace is a span; where no row comes back, find returns the error that it always did."},
		{"thinker/thoughts.go", "int64", "A thought now is a row, and has its ID and its subject."},
		{"thinker/thoughts.go", "func find(", "The thoughts, and how one is found, have moved into the database."},
	},
	{
		{"thinker/cache.go", "redistrace.WrapClient(", "The cache asks Redis before anybody thinks, and has it remember each thought for 30 seconds; its client is wrapped, so each command is a span, and it gives up early where Redis is away."},
		{"thinker/main.go", `"errors"`, "No error needs to be told from others any more."},
		{"thinker/main.go", "REDIS_ADDR", "Where Redis is comes from the environment, as for the database."},
		{"thinker/main.go", "openCache(", "The cache opens its connections when the service starts, so that no request waits for them."},
		{"thinker/main.go", "cache *cache", "The thinker keeps the cache for its requests, and its answers have no failed subjects any more."},
		{"thinker/main.go", "memo.memoize(", "The think span stays around it all, while only a thought that is not remembered takes its half second and its query."},
		{"thinker/store.go", "The Machine", "Where there is no row, The Machine has a thought, so an unknown subject is no error."},
		{"thinker/thoughts.go", `import "fmt"`, "Only the error below needed this."},
		{"thinker/thoughts.go", "type unknownSubject", "There is no unknown subject any more."},
	},
}
