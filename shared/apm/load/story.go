package load

import "fmt"

// SpansPerTrace is how many spans the workshop's last step has in a trace.
const SpansPerTrace = 6

// parents are the places of a trace's spans' parents in it; the first has none.
var parents = [SpansPerTrace]int{0, 0, 1, 2, 3, 3}

// highTag holds the upper half of the trace ID.
const highTag = "_dd.p.tid"

type span struct {
	service, name, resource, kind string
	failed                        int // 1 where it has
	meta                          []tag
	metrics                       []metric
}

type tag struct{ name, value string }

type metric struct {
	name  string
	value float64
}

// story is what a trace tells: somebody asks thinker-api for a thought, which
// asks thinker-microservice, which thinks with the help of Redis and SQLite. One
// in 16 asks for what nobody has thought about, and one in 40 fails.
func story(number int) [SpansPerTrace]span {
	subjects := []string{"religion", "technology", "war", "work", "music", "mankind"}
	subject, status, failed := subjects[number%len(subjects)], "200", 0
	think := []tag{}
	switch {
	case number%40 == 7:
		status, failed = "500", 1
		think = []tag{{"error.message", "read thought: database is locked (5) (SQLITE_BUSY)"}, {"error.type", "*sqlite.Error"}, {"error.stack", stack}}
	case number%16 == 5:
		subject = "art"
		think = []tag{{"error.message", `no thought on subject "art"`}, {"error.type", "main.unknownSubject"}, {"error.stack", stack}}
	}
	instance := number % 4 // of each service
	const query = "SELECT id, quote, author, subject FROM thought WHERE subject = ?"
	api := process{3100 + instance}
	thinker := process{3200 + instance}
	priority := metric{"_sampling_priority_v1", 1}
	top := metric{"_dd.top_level", 1}
	url := fmt.Sprintf("http://thinker-%d:5001/?subject=%s", instance, subject)

	spans := [SpansPerTrace]span{
		{service: "thinker-api", name: "http.request", resource: "GET /think/", kind: "web", failed: failed,
			meta: api.tags(tag{highTag, "0000000000000000"}, tag{"_dd.p.dm", "-1"}, tag{"component", "gorilla/mux"}, tag{"span.kind", "server"},
				tag{"http.method", "GET"}, tag{"http.route", "/think/"}, tag{"http.status_code", status}, tag{"http.url", "http://localhost:5000/think/?subject=" + subject}),
			metrics: api.metrics(priority, top)},
		{service: "thinker-api", name: "http.request", resource: "http.request", kind: "http",
			meta:    api.tags(tag{"component", "net/http"}, tag{"span.kind", "client"}, tag{"http.method", "GET"}, tag{"http.status_code", status}, tag{"http.url", url}),
			metrics: api.metrics(priority)},
		{service: "thinker-microservice", name: "http.request", resource: "GET /", kind: "web", failed: failed,
			meta: thinker.tags(tag{"component", "gorilla/mux"}, tag{"span.kind", "server"}, tag{"http.method", "GET"}, tag{"http.route", "/"},
				tag{"http.status_code", status}),
			metrics: thinker.metrics(priority, top)},
		{service: "thinker-microservice", name: "think", resource: "think",
			meta:    thinker.tags(append(think, tag{"subject", subject}, tag{"span.kind", "internal"})...),
			metrics: thinker.metrics(priority)},
		{service: "thinker-microservice", name: "redis.command", resource: "get", kind: "redis",
			meta: thinker.tags(tag{"component", "redis/go-redis.v9"}, tag{"span.kind", "client"}, tag{"db.system", "redis"},
				tag{"redis.raw_command", "get thought:v1:" + subject}, tag{"out.host", "redis-0"}),
			metrics: thinker.metrics(priority, metric{"redis.args_length", 2})},
		{service: "sqlite.db", name: "sqlite.query", resource: query, kind: "sql", failed: failed,
			meta:    thinker.tags(tag{"component", "database/sql"}, tag{"span.kind", "client"}, tag{"db.system", "other_sql"}, tag{"sql.query_type", "Query"}),
			metrics: thinker.metrics(priority, top)},
	}
	if len(think) > 0 {
		spans[3].failed = 1
	}
	return spans
}

// stack is where an error was raised.
const stack = "goroutine 41 [running]:\nmain.(*thinker).think\n\t/src/thinker/main.go:88\nnet/http.HandlerFunc.ServeHTTP\n\t/usr/local/go/src/net/http/server.go:2322"

// A process is what reports spans. It has as many instances as differ in id.
type process struct{ id int }

func (p process) tags(own ...tag) []tag {
	return append([]tag{
		{"env", "load"}, {"language", "go"}, {"version", "step05"},
		{"runtime-id", fmt.Sprintf("cbc1ddb5-6483-4339-9d60-%012d", p.id)},
	}, own...)
}

func (p process) metrics(own ...metric) []metric {
	return append([]metric{{"process_id", float64(p.id)}}, own...)
}

// attributesPerSpan is how many attributes a span has that are asked for.
const attributesPerSpan = 14

// attributes are a span's, of so many distinct ones. Each has a hundred values.
func attributes(number, distinct int) []tag {
	tags := make([]tag, min(attributesPerSpan, distinct))
	for i := range tags {
		nth := number*attributesPerSpan + i
		key, round := nth%distinct, nth/distinct
		tags[i] = tag{fmt.Sprintf("app.attribute_%03d", key), fmt.Sprintf("value-%02d", (key+37*round)%100)}
	}
	return tags
}
