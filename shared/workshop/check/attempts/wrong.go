package attempts

const (
	apiMain, apiTrace         = "api/main.go", "api/trace.go"
	thinkerMain, thinkerTrace = "thinker/main.go", "thinker/trace.go"
	store, cache, thoughts    = "thinker/store.go", "thinker/cache.go", "thinker/thoughts.go"

	finish    = "	defer span.Finish()\n"
	thinkSpan = `	span, ctx := tracer.StartSpanFromContext(ctx, "think", tracer.Tag("subject", subject))` + "\n"
	thinkEnd  = "	defer func() { span.Finish(tracer.WithError(err)) }()\n"
	injects   = "	inject(ctx, req.Header)\n"
	setTrace  = `	header.Set("X-Datadog-Trace-Id", strconv.FormatUint(span.Context().TraceID(), 10))` + "\n"
	setParent = `	header.Set("X-Datadog-Parent-Id", strconv.FormatUint(span.Context().SpanID(), 10))` + "\n"
	fetches   = "	thoughts, err := serve.Fetch(a.client, req)\n"
	wraps     = "httptrace.WrapClient(&http.Client{Timeout: 10 * time.Second})"
	unused    = `	httptrace "gopkg.in/DataDog/dd-trace-go.v1/contrib/net/http"` + "\n"
)

// wrong are typical mistakes, and attempts to get by without the thing itself.
func wrong() map[int][]attempt {
	return map[int][]attempt{1: wrongUntraced(), 2: wrongHeaders(), 3: wrongAutomatic(), 4: wrongStore(), 5: wrongCache()}
}

func wrongUntraced() []attempt {
	return []attempt{
		{name: "tracer-not-started", fails: "thinker-span", edits: []edit{
			{thinkerMain, `	tracer.Start(tracer.WithService("thinker-microservice"))` + "\n	defer tracer.Stop()\n", ""},
		}},
		{name: "services-swapped", fails: "api-span", edits: []edit{
			{apiMain, `WithService("thinker-api")`, `WithService("thinker-microservice")`},
			{thinkerMain, `WithService("thinker-microservice")`, `WithService("thinker-api")`},
		}},
		{name: "service-is-a-tag", fails: "thinker-span", edits: []edit{
			{thinkerMain, `tracer.Start(tracer.WithService("thinker-microservice"))`, `tracer.Start()`},
			{thinkerTrace, "			tracer.SpanType(ext.SpanTypeWeb),\n", "			tracer.SpanType(ext.SpanTypeWeb),\n" + `			tracer.Tag("service", "thinker-microservice"),` + "\n"},
		}},
		{name: "thinker-made-by-the-api", fails: "thinker-span", edits: []edit{
			{thinkerMain, `	tracer.Start(tracer.WithService("thinker-microservice"))` + "\n	defer tracer.Stop()\n", ""},
			{apiMain, fetches, `	other := tracer.StartSpan("http.request", tracer.ServiceName("thinker-microservice"))` + "\n" + fetches + "	other.Finish()\n"},
		}},
		{name: "span-never-finished", fails: "thinker-span", edits: []edit{{thinkerTrace, "	" + finish, ""}}},
		{name: "api-span-finished-at-once", fails: "api-span", edits: []edit{{apiTrace, "defer span.Finish()", "span.Finish()"}}},
		{name: "think-finished-at-once", fails: "think-span", edits: []edit{{thinkerMain, thinkEnd, "	span.Finish()\n"}}},
		{name: "think-without-its-subject", fails: "think-span", edits: []edit{{thinkerMain, `, tracer.Tag("subject", subject)`, ""}}},
		{name: "think-of-nowhere", fails: "think-span", edits: []edit{{thinkerMain, "StartSpanFromContext(ctx,", "StartSpanFromContext(context.Background(),"}}},
		{name: "joined-already", fails: "two-traces", code: 2},
	}
}

func wrongHeaders() []attempt {
	const call = `	call, ctx := tracer.StartSpanFromContext(ctx, "call")` + "\n"
	return []attempt{
		{name: "nothing-sent", fails: "one-trace", edits: []edit{{apiMain, injects, ""}}},
		{name: "header-misspelt", fails: "one-trace", edits: []edit{{apiTrace, `"X-Datadog-Trace-Id"`, `"X-Datadog-TraceId"`}, {apiTrace, `"X-Datadog-Parent-Id"`, `"X-Datadog-ParentId"`}}},
		{name: "one-header-only", fails: "one-trace", edits: []edit{{apiTrace, setParent, ""}}},
		{name: "hexadecimal", fails: "one-trace", edits: []edit{{apiTrace, "TraceID(), 10)", "TraceID(), 16)"}, {apiTrace, "SpanID(), 10)", "SpanID(), 16)"}}},
		{name: "ids-swapped", fails: "one-trace", edits: []edit{
			{apiMain, injects, call + "	defer call.Finish()\n" + injects},
			{apiTrace, "Trace-Id", "Trace-ID"}, {apiTrace, "Parent-Id", "Trace-Id"}, {apiTrace, "Trace-ID", "Parent-Id"},
		}},
		{name: "header-read-by-another-name", fails: "one-trace", edits: []edit{{thinkerTrace, `Get("X-Datadog-Trace-Id")`, `Get("X-Trace-Id")`}}},
		{name: "new-root-in-the-thinker", fails: "one-trace", edits: []edit{{thinkerTrace, "			extract(r.Header),\n", ""}}},
		{name: "trace-id-as-a-tag", fails: "one-trace", edits: []edit{
			{apiTrace, `"X-Datadog-Trace-Id"`, `"X-Trace-Id"`}, {apiTrace, setParent, ""},
			{thinkerTrace, "			extract(r.Header),\n", `			tracer.Tag("trace_id", r.Header.Get("X-Trace-Id")),` + "\n"},
		}},
		{name: "span-finished-before-the-call", fails: "thinker-below-api", edits: []edit{{apiMain, injects, call + "	call.Finish()\n" + injects}}},
		{name: "context-not-passed-on", fails: "think-below-thinker", edits: []edit{{thinkerTrace, "span, ctx := tracer", "span, _ := tracer"}, {thinkerTrace, "handle(r.WithContext(ctx))", "handle(r)"}}},
		{name: "error-on-the-wrong-span", fails: "error-on-think", edits: []edit{
			{thinkerMain, thinkEnd, "	defer span.Finish()\n"},
			{thinkerMain, `			replies[subject] = reply{Error: true, Reason: "Subject unknown"}` + "\n",
				`			span, _ := tracer.SpanFromContext(ctx)` + "\n			span.SetTag(ext.Error, err)\n" + `			replies[subject] = reply{Error: true, Reason: "Subject unknown"}` + "\n"},
		}},
		{name: "error-taken-too-early", fails: "error-on-think", edits: []edit{{thinkerMain, thinkEnd, "	defer span.Finish(tracer.WithError(err))\n"}}},
		{name: "error-without-words", fails: "error-on-think", edits: []edit{{thinkerMain, thinkEnd, "	defer func() { span.SetTag(ext.Error, err != nil); span.Finish() }()\n"}}},
	}
}

func wrongAutomatic() []attempt {
	plainClient := []edit{{apiMain, wraps, "&http.Client{Timeout: 10 * time.Second}"}, {apiMain, unused, ""}}
	const inject = `	_ = tracer.Inject(span.Context(), tracer.HTTPHeadersCarrier(req.Header))` + "\n"
	return []attempt{
		{name: "client-not-wrapped", fails: "client-span", edits: plainClient},
		{name: "request-without-its-context", fails: "client-span", edits: []edit{
			{apiMain, "http.NewRequestWithContext(ctx,", "http.NewRequestWithContext(context.Background(),"},
		}},
		{name: "client-span-made-by-hand", fails: "client-span", edits: append([]edit{
			{apiMain, fetches, `	span, _ := tracer.StartSpanFromContext(ctx, "http.client")` + "\n	defer span.Finish()\n" + inject + fetches},
		}, plainClient...)},
		{name: "client-span-finished-before-the-call", fails: "client-span", edits: append([]edit{
			{apiMain, fetches, `	span, _ := tracer.StartSpanFromContext(ctx, "http.client", tracer.SpanType("http"))` + "\n	span.Finish()\n" + inject + fetches},
		}, plainClient...)},
		{name: "headers-still-by-hand", fails: "thinker-below-client", edits: append([]edit{
			{apiMain, fetches, `	client, _ := tracer.StartSpanFromContext(ctx, "http.client", tracer.SpanType("http"))` + "\n	defer client.Finish()\n	span, _ := tracer.SpanFromContext(ctx)\n" + inject + fetches},
		}, plainClient...)},
		{name: "thinker-router-plain", fails: "thinker-below-client", edits: []edit{
			{thinkerMain, `	muxtrace "gopkg.in/DataDog/dd-trace-go.v1/contrib/gorilla/mux"`, `	"github.com/gorilla/mux"`},
			{thinkerMain, "muxtrace.NewRouter()", "mux.NewRouter()"},
		}},
		{name: "thinker-traced-by-hand", fails: "thinker-below-client", edits: []edit{
			{thinkerMain, `	muxtrace "gopkg.in/DataDog/dd-trace-go.v1/contrib/gorilla/mux"`, `	"github.com/gorilla/mux"`},
			{thinkerMain, "muxtrace.NewRouter()", "mux.NewRouter()"},
			{thinkerMain, "serve.Handler(t.answer)", `traced("GET /", t.answer)`},
			{thinkerTrace, "", tracedByHand},
		}},
		{name: "api-traced-by-hand", fails: "instrumented-routers", edits: []edit{
			{apiMain, `	muxtrace "gopkg.in/DataDog/dd-trace-go.v1/contrib/gorilla/mux"`, `	"github.com/gorilla/mux"`},
			{apiMain, "muxtrace.NewRouter()", "mux.NewRouter()"},
			{apiMain, "serve.Handler(a.think)", `traced("GET /think/", a.think)`},
			{apiTrace, "", tracedByHand},
		}},
		{name: "error-lost", fails: "think-each", edits: []edit{{thinkerMain, thinkEnd, "	defer span.Finish()\n"}}},
	}
}

// tracedByHand is trace.go of a service that reads no headers.
const tracedByHand = `package main

import (
	"net/http"

	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/ext"
	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/tracer"

	"thinker/shared/serve"
)

func traced(resource string, handle serve.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		span, ctx := tracer.StartSpanFromContext(r.Context(), "http.request",
			tracer.SpanType(ext.SpanTypeWeb), tracer.ResourceName(resource), tracer.Tag(ext.HTTPURL, r.URL.String()))
		defer span.Finish()
		answer, err := handle(r.WithContext(ctx))
		serve.Answer(w, answer, err)
	})
}
`

func wrongStore() []attempt {
	const (
		query  = "s.db.QueryRowContext(ctx, `SELECT id, quote, author, subject FROM thought WHERE subject = ?`, subject)"
		noRows = "	if errors.Is(err, sql.ErrNoRows) {\n		return nil, unknownSubject(subject)\n	} else if err != nil {\n"
	)
	return []attempt{
		{name: "query-without-its-context", fails: "query-span", edits: []edit{{store, "QueryRowContext(ctx, ", "QueryRow("}}},
		{name: "query-of-nowhere", fails: "query-span", edits: []edit{
			{store, "QueryRowContext(ctx, ", "QueryRowContext(context.Background(), "}, {store, "		sqltrace.WithChildSpansOnly(),\n", ""},
		}},
		{name: "query-with-the-requests-context", fails: "query-span", edits: []edit{{thinkerMain, "	span, ctx := tracer.Start", "	span, _ := tracer.Start"}}},
		{name: "driver-not-traced", fails: "query-span", edits: []edit{
			{store, `	sqltrace.Register("sqlite", &sqlite.Driver{})` + "\n", ""}, {store, "sqltrace.Open(", "sql.Open("},
			{store, "		sqltrace.WithChildSpansOnly(),\n		sqltrace.WithIgnoreQueryTypes(sqltrace.QueryTypeConnect),\n", ""},
			{store, `	sqltrace "gopkg.in/DataDog/dd-trace-go.v1/contrib/database/sql"` + "\n	", "	_ "},
		}},
		{name: "row-not-answered", fails: "query-span", edits: []edit{{thoughts, "`json:\"id,omitempty\"`", "`json:\"-\"`"}}},
		{name: "subject-in-the-statement", fails: "statement", edits: []edit{
			{store, query, "s.db.QueryRowContext(ctx, fmt.Sprintf(`SELECT id, quote, author, subject FROM thought WHERE subject = '%s'`, subject))"},
		}},
		{name: "no-row-is-a-failure", fails: "unknown-subject", edits: []edit{{store, noRows, "	if err != nil {\n"}, {store, `	"errors"` + "\n", ""}}},
		{name: "empty-thought", fails: "unknown-subject", edits: []edit{{store, noRows, "	if err != nil && !errors.Is(err, sql.ErrNoRows) {\n"}}},
		{name: "error-on-the-wrong-span", fails: "unknown-subject", edits: []edit{
			{thinkerMain, thinkEnd, "	defer span.Finish()\n"},
			{thinkerMain, `			replies[subject] = reply{Error: true, Reason: "Subject unknown"}` + "\n",
				`			span, _ := tracer.SpanFromContext(ctx)` + "\n			span.SetTag(ext.Error, err)\n" + `			replies[subject] = reply{Error: true, Reason: "Subject unknown"}` + "\n"},
		}},
	}
}

func wrongCache() []attempt {
	const (
		machine = `		return &thought{Quote: "Hmmm, that's something I'll need to think about.", Author: "The Machine", Subject: subject}, nil` + "\n"
		sleeps  = "		time.Sleep(t.delay)\n"
		memo    = "	return memo.memoize(ctx, subject, func(ctx context.Context) (*thought, error) {\n"
		kept    = "		if err == nil {\n			m.set(ctx, subject, t)\n		}\n"
		failing = "		if err != nil {\n			logger(ctx).Error(\"cannot think\", \"subject\", subject, \"error\", err)\n			return nil, err\n		}\n"
	)
	return []attempt{
		{name: "client-not-wrapped", fails: "miss", edits: []edit{
			{cache, "	redistrace.WrapClient(client)\n", ""}, {cache, `	redistrace "gopkg.in/DataDog/dd-trace-go.v1/contrib/redis/go-redis.v9"` + "\n", ""},
		}},
		{name: "commands-of-nowhere", fails: "miss", edits: []edit{{cache, "	ctx, cancel := context.WithTimeout(ctx, patience)\n	defer cancel()\n	if err", "	ctx, cancel := context.WithTimeout(context.Background(), patience)\n	defer cancel()\n	if err"}}},
		{name: "never-written", fails: "miss", edits: []edit{{cache, kept, ""}}},
		{name: "another-key", fails: "hit", edits: []edit{{cache, "Get(ctx, keyPrefix+subject)", "Get(ctx, subject)"}}},
		{name: "lifetime-without-a-unit", fails: "hit", edits: []edit{{cache, "	lifetime    = 30 * time.Second\n", "	lifetime    = 30\n"}}},
		{name: "not-read-as-it-was-written", fails: "hit", edits: []edit{{cache, "value, err := json.Marshal(t)", "value, err := json.Marshal([]*thought{t})"}}},
		{name: "delay-comes-first", fails: "fast", edits: []edit{{thinkerMain, memo + sleeps, "	time.Sleep(t.delay)\n" + memo}}},
		{name: "no-thought-is-a-failure", fails: "errors-not-kept", edits: []edit{{store, machine, "		return nil, err\n"}}},
		{name: "error-kept-as-a-thought", fails: "errors-not-kept", edits: []edit{
			{store, machine, "		return nil, err\n"},
			{thinkerMain, failing, "		if err != nil {\n			replies[subject] = reply{Error: true}\n			continue\n		}\n"},
			{cache, kept, "		m.set(ctx, subject, t)\n"}, {cache, ` || t.Quote == ""`, ""},
		}},
		{name: "error-kept-as-an-error", fails: "errors-not-kept", edits: []edit{
			{store, machine, "		return nil, err\n"},
			{thinkerMain, failing, "		if err != nil {\n			replies[subject] = reply{Error: true}\n			continue\n		}\n"},
			{cache, kept, "		m.set(ctx, subject, t)\n"},
			{cache, ` || t.Quote == ""`, ""},
			{cache, "	if t := m.get(ctx, subject); t != nil {\n", "	if t := m.get(ctx, subject); t != nil && t.Quote == \"\" {\n		return nil, errors.New(\"still no thought\")\n	} else if t != nil {\n"},
		}},
	}
}
