package attempts

import "strings"

const (
	apiMain, apiTrace         = "api/main.go", "api/trace.go"
	thinkerMain, thinkerTrace = "thinker/main.go", "thinker/trace.go"
	store, cache, thoughts    = "thinker/store.go", "thinker/cache.go", "thinker/thoughts.go"
	memory                    = "thinker/memory.go"

	finish    = "		defer func() { span.Finish(tracer.WithError(failure)) }()\n"
	thinkSpan = `	span, ctx := tracer.StartSpanFromContext(ctx, "think", tracer.Tag("subject", subject))` + "\n"
	thinkEnd  = "	defer func() { span.Finish(tracer.WithError(err)) }()\n"
	injects   = "	inject(ctx, req.Header)\n"
	setTrace  = `	header.Set("X-Datadog-Trace-Id", strconv.FormatUint(span.Context().TraceID(), 10))` + "\n"
	setParent = `	header.Set("X-Datadog-Parent-Id", strconv.FormatUint(span.Context().SpanID(), 10))` + "\n"
	fetches   = "	thoughts, err := serve.Fetch(a.client, req)\n"
	wraps     = "httptrace.WrapClient(&http.Client{Timeout: 10 * time.Second})"
	unused    = `	httptrace "gopkg.in/DataDog/dd-trace-go.v1/contrib/net/http"` + "\n"
)

// wrong returns typical mistakes, and code that avoids a lesson's point.
func wrong() map[int][]attempt {
	return map[int][]attempt{1: wrongUntraced(), 2: wrongHeaders(), 3: wrongAutomatic(), 4: append(wrongStore(), wrongMachine()...), 5: wrongCache()}
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
			{thinkerTrace, "			tracer.SpanType(ext.SpanTypeWeb),\n", "			tracer.SpanType(ext.SpanTypeWeb),\n			" + `			tracer.Tag("service", "thinker-microservice"),` + "\n"},
		}},
		{name: "thinker-made-by-the-api", fails: "thinker-span", edits: []edit{
			{thinkerMain, `	tracer.Start(tracer.WithService("thinker-microservice"))` + "\n	defer tracer.Stop()\n", ""},
			{apiMain, fetches, `	other := tracer.StartSpan("http.request", tracer.ServiceName("thinker-microservice"))` + "\n" + fetches + "	other.Finish()\n"},
		}},
		{name: "span-never-finished", fails: "thinker-span", edits: []edit{{thinkerTrace, finish, "		_, _ = span, failure\n"}}},
		{name: "api-span-finished-at-once", fails: "api-span", edits: []edit{{apiTrace, finish, "		span.Finish(tracer.WithError(failure))\n"}}},
		{name: "think-finished-at-once", fails: "think-span", edits: []edit{{thinkerMain, thinkEnd, "	span.Finish()\n"}}},
		{name: "think-without-its-subject", fails: "think-span", edits: []edit{{thinkerMain, `, tracer.Tag("subject", subject)`, ""}}},
		{name: "think-of-nowhere", fails: "think-span", edits: []edit{{thinkerMain, "StartSpanFromContext(ctx,", "StartSpanFromContext(context.Background(),"}}},
		{name: "think-by-start-span", fails: "think-span", edits: []edit{{thinkerMain, thinkSpan, `	span := tracer.StartSpan("think", tracer.Tag("subject", subject))` + "\n"}}},
		{name: "joined-already", fails: "two-traces", code: 2},
	}
}

func wrongHeaders() []attempt {
	const (
		call     = `	call, ctx := tracer.StartSpanFromContext(ctx, "call")` + "\n"
		childOf  = "			options = append(options, tracer.ChildOf(parent))\n"
		extracts = `			"x-datadog-trace-id":  r.Header.Get("X-Datadog-Trace-Id"),
			"x-datadog-parent-id": r.Header.Get("X-Datadog-Parent-Id"),
`
		unknown = `			replies[subject] = reply{Error: true, Reason: "Subject unknown"}` + "\n"
	)
	return []attempt{
		{name: "nothing-sent", fails: "one-trace", edits: []edit{{apiMain, injects, ""}}},
		{name: "headers-on-the-incoming-request", fails: "one-trace", edits: []edit{{apiMain, injects, "	inject(ctx, r.Header)\n"}}},
		{name: "headers-after-the-call", fails: "one-trace", edits: []edit{{apiMain, injects + fetches, fetches + injects}}},
		{name: "headers-on-the-response", fails: "one-trace", edits: []edit{
			{apiMain, injects, ""}, {apiTrace, "		response, err := handle", "		inject(ctx, w.Header())\n		response, err := handle"},
		}},
		{name: "span-from-background", fails: "one-trace", edits: []edit{{apiMain, injects, "	inject(context.Background(), req.Header)\n"}}},
		{name: "header-misspelt", fails: "one-trace", edits: []edit{{apiTrace, `"X-Datadog-Trace-Id"`, `"X-Datadog-TraceId"`}, {apiTrace, `"X-Datadog-Parent-Id"`, `"X-Datadog-ParentId"`}}},
		{name: "one-header-only", fails: "one-trace", edits: []edit{{apiTrace, setParent, ""}}},
		{name: "hexadecimal", fails: "one-trace", edits: []edit{{apiTrace, "TraceID(), 10)", "TraceID(), 16)"}, {apiTrace, "SpanID(), 10)", "SpanID(), 16)"}}},
		{name: "ids-swapped-below-another-span", fails: "one-trace", edits: []edit{
			{apiMain, injects, call + "	defer call.Finish()\n" + injects},
			{apiTrace, setTrace + setParent, swapped},
		}},
		{name: "ids-swapped-in-the-api", fails: "thinker-below-api", edits: []edit{{apiTrace, setTrace + setParent, swapped}}},
		{name: "ids-swapped-in-the-microservice", fails: "thinker-below-api", edits: []edit{
			{thinkerTrace, extracts, strings.NewReplacer("-trace-", "-parent-", "-parent-", "-trace-").Replace(extracts)},
		}},
		{name: "one-id-for-both", fails: "thinker-below-api", edits: []edit{{thinkerTrace, `Get("X-Datadog-Parent-Id")`, `Get("X-Datadog-Trace-Id")`}}},
		{name: "header-read-by-another-name", fails: "one-trace", edits: []edit{{thinkerTrace, `Get("X-Datadog-Trace-Id")`, `Get("X-Trace-Id")`}}},
		{name: "new-root-in-the-thinker", fails: "one-trace", edits: []edit{{thinkerTrace, childOf, "			_ = parent\n"}}},
		{name: "trace-id-as-a-tag", fails: "one-trace", edits: []edit{
			{apiTrace, `"X-Datadog-Trace-Id"`, `"X-Trace-Id"`}, {apiTrace, setParent, ""},
			{thinkerTrace, childOf, "			_ = parent\n"},
			{thinkerTrace, `			tracer.Tag(ext.HTTPMethod, r.Method),` + "\n", `			tracer.Tag("trace_id", r.Header.Get("X-Trace-Id")),` + "\n"},
		}},
		{name: "span-finished-before-the-call", fails: "thinker-below-api", edits: []edit{{apiMain, injects, call + "	call.Finish()\n" + injects}}},
		{name: "context-not-passed-on", fails: "think-below-thinker", edits: []edit{{thinkerTrace, "span, ctx := tracer", "span, _ := tracer"}, {thinkerTrace, "handle(r.WithContext(ctx))", "handle(r)"}}},
		{name: "error-on-the-wrong-span", fails: "error-on-think", edits: []edit{
			{thinkerMain, thinkEnd, "	defer span.Finish()\n"},
			{thinkerMain, unknown, `			span, _ := tracer.SpanFromContext(ctx)` + "\n" + `			span.SetTag("error", err)` + "\n" + unknown},
		}},
		{name: "error-on-the-request-too", fails: "error-on-think", edits: []edit{
			{thinkerMain, unknown, `			span, _ := tracer.SpanFromContext(ctx)` + "\n" + `			span.SetTag("error", err)` + "\n" + unknown},
		}},
		{name: "error-taken-too-early", fails: "error-on-think", edits: []edit{{thinkerMain, thinkEnd, "	defer span.Finish(tracer.WithError(err))\n"}}},
		{name: "error-without-words", fails: "error-on-think", edits: []edit{{thinkerMain, thinkEnd, `	defer func() { span.SetTag("error", err != nil); span.Finish() }()` + "\n"}}},
	}
}

// swapped sets each header to the other one's ID.
var swapped = strings.NewReplacer("TraceID", "SpanID", "SpanID", "TraceID").Replace(setTrace + setParent)

func wrongAutomatic() []attempt {
	const (
		inject  = `	_ = tracer.Inject(span.Context(), tracer.HTTPHeadersCarrier(req.Header))` + "\n"
		library = `	muxtrace "gopkg.in/DataDog/dd-trace-go.v1/contrib/gorilla/mux"`
		plain   = `	"github.com/gorilla/mux"`
		router  = "muxtrace.NewRouter()"
	)
	plainClient := []edit{{apiMain, wraps, "&http.Client{Timeout: 10 * time.Second}"}, {apiMain, unused, ""}}
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
		{name: "router-with-another-service", fails: "client-span", edits: []edit{{apiMain, router, `muxtrace.NewRouter(muxtrace.WithServiceName("api-router"))`}}},
		{name: "thinker-router-plain", fails: "thinker-below-client", edits: []edit{{thinkerMain, library, plain}, {thinkerMain, router, "mux.NewRouter()"}}},
		{name: "thinker-router-with-another-service", fails: "thinker-below-client", edits: []edit{{thinkerMain, router, `muxtrace.NewRouter(muxtrace.WithServiceName("thinker-router"))`}}},
		{name: "thinker-traced-by-hand", fails: "thinker-below-client", edits: []edit{
			{thinkerMain, library, plain}, {thinkerMain, router, "mux.NewRouter()"},
			{thinkerMain, "serve.Handler(t.respond)", `traced("GET /", t.respond)`},
			{thinkerTrace, "", tracedByHand},
		}},
		{name: "thinker-traced-twice", fails: "instrumented-routers", edits: []edit{
			{thinkerMain, "serve.Handler(t.respond)", `traced("GET /", t.respond)`}, {thinkerTrace, "", tracedByHand},
		}},
		{name: "api-traced-by-hand", fails: "instrumented-routers", edits: []edit{
			{apiMain, library, plain}, {apiMain, router, "mux.NewRouter()"},
			{apiMain, "serve.Handler(a.think)", `traced("GET /think/", a.think)`},
			{apiTrace, "", tracedByHand},
		}},
		{name: "api-traced-twice", fails: "instrumented-routers", edits: []edit{
			{apiMain, "serve.Handler(a.think)", `traced("GET /think/", a.think)`}, {apiTrace, "", tracedByHand},
		}},
		{name: "error-lost", fails: "think-each", edits: []edit{{thinkerMain, thinkEnd, "	defer span.Finish()\n"}}},
	}
}

// tracedByHand is the trace.go of a service that reads no headers.
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
			tracer.SpanType(ext.SpanTypeWeb), tracer.ResourceName(resource), tracer.Tag(ext.HTTPURL, r.URL.String()),
			tracer.Tag(ext.SpanKind, ext.SpanKindServer), tracer.Tag(ext.Component, "net/http"))
		defer span.Finish()
		response, err := handle(r.WithContext(ctx))
		serve.Respond(w, response, err)
	})
}
`

const (
	query  = "s.db.QueryRowContext(ctx, `SELECT id, quote, author, subject FROM thought WHERE subject = ?`, subject)"
	noRows = "	if errors.Is(err, sql.ErrNoRows) {\n		return nil, unknownSubject(subject)\n	}\n"
)

func wrongStore() []attempt {
	const (
		pond    = "		return t.store.find(ctx, subject)\n"
		options = "		sqltrace.WithChildSpansOnly(),\n		sqltrace.WithIgnoreQueryTypes(sqltrace.QueryTypeConnect),\n"
		unknown = `			replies[subject] = reply{Error: true, Reason: "Subject unknown"}` + "\n"
	)
	return []attempt{
		{name: "query-without-its-context", fails: "query-span", edits: []edit{{store, "QueryRowContext(ctx, ", "QueryRow("}}},
		{name: "query-of-nowhere", fails: "query-span", edits: []edit{
			{store, "QueryRowContext(ctx, ", "QueryRowContext(context.Background(), "}, {store, "		sqltrace.WithChildSpansOnly(),\n", ""},
		}},
		{name: "query-with-the-requests-context", fails: "query-span", edits: []edit{{thinkerMain, "	span, ctx := tracer.Start", "	span, _ := tracer.Start"}}},
		{name: "driver-not-traced", fails: "query-span", edits: []edit{
			{store, `	sqltrace.Register("sqlite", &sqlite.Driver{})` + "\n", ""}, {store, "sqltrace.Open(", "sql.Open("}, {store, options, ""},
			{store, `	sqltrace "gopkg.in/DataDog/dd-trace-go.v1/contrib/database/sql"` + "\n	", "	_ "},
		}},
		{name: "still-the-map", fails: "query-span", edits: []edit{
			{thinkerMain, pond, `		_ = t.store
		if subject == "art" {
			return nil, unknownSubject(subject)
		}
		return &thought{Quote: "From the map.", Author: "Nobody"}, nil
`},
		}},
		{name: "subject-in-the-statement", fails: "statement", edits: []edit{
			{store, query, "s.db.QueryRowContext(ctx, fmt.Sprintf(`SELECT id, quote, author, subject FROM thought WHERE subject = '%s'`, subject))"},
		}},
		{name: "two-mistakes", fails: "query-span", edits: []edit{ // each is explained
			{thinkerMain, "	span, ctx := tracer.Start", "	span, _ := tracer.Start"},
			{store, query, "s.db.QueryRowContext(ctx, fmt.Sprintf(`SELECT id, quote, author, subject FROM thought WHERE subject = '%s'`, subject))"},
		}},
		{name: "no-row-is-a-failure", fails: "unknown-subject", edits: []edit{{store, noRows, ""}, {store, `	"errors"` + "\n", ""}}},
		{name: "empty-thought", fails: "unknown-subject", edits: []edit{{store, noRows + "	if err != nil {\n", "	if err != nil && !errors.Is(err, sql.ErrNoRows) {\n"}}},
		{name: "error-on-the-wrong-span", fails: "unknown-subject", edits: []edit{
			{thinkerMain, thinkEnd, "	defer span.Finish()\n"},
			{thinkerMain, unknown, `			span, _ := tracer.SpanFromContext(ctx)` + "\n" + `			span.SetTag("error", err)` + "\n" + unknown},
		}},
	}
}

const (
	machineThought = `&thought{Quote: "Hmmm, that's something I'll need to think about.", Author: "The Machine", Subject: subject}`
	machineFinds   = "	if errors.Is(err, sql.ErrNoRows) {\n		return " + machineThought + ", nil\n	}\n"
)

// wrongMachine are attempts at the exercise of step 4.
func wrongMachine() []attempt {
	return []attempt{
		{name: "still-unknown", exercise: true, fails: "the-machine"},
		{name: "another-author", exercise: true, fails: "the-machine", edits: []edit{{store, noRows, strings.Replace(machineFinds, "The Machine", "machine", 1)}}},
		{name: "thought-and-error", exercise: true, fails: "the-machine", edits: []edit{
			{store, noRows, machineFinds},
			{thinkerMain, thinkEnd, `	defer func() {
		if found != nil && found.Author == "The Machine" {
			span.SetTag("error", unknownSubject(subject))
		}
		span.Finish(tracer.WithError(err))
	}()
`},
			{thinkerMain, "(_ *thought, err error)", "(found *thought, err error)"},
		}},
		{name: "always-the-machine", exercise: true, fails: "the-machine", edits: []edit{{store, noRows, "	if err == nil || errors.Is(err, sql.ErrNoRows) {\n		return " + machineThought + ", nil\n	}\n"}}},
	}
}

const (
	get       = `c.client.Get(ctx, "thought:"+subject)`
	set       = `c.client.Set(ctx, "thought:"+subject, value, 30*time.Second)`
	whenFound = "	if err != nil {\n		return nil, err\n	}\n	value, _ = json"
	memoizes  = "	return t.cache.memoize(ctx, subject, t.ponder)\n"
	writesIt  = "	if err := " + set + `.Err(); err != nil {
		slog.WarnContext(ctx, "cannot write to the cache", "subject", subject, "error", err)
	}
`
)

func wrongCache() []attempt {
	const background = `context.Background(), "thought:"+subject`
	return []attempt{
		{name: "client-not-traced", fails: "miss", edits: []edit{
			{cache, "	redistrace.WrapClient(client)\n", ""}, {cache, `	redistrace "gopkg.in/DataDog/dd-trace-go.v1/contrib/redis/go-redis.v9"` + "\n", ""},
		}},
		{name: "commands-of-nowhere", fails: "miss", edits: []edit{{cache, get, "c.client.Get(" + background + ")"}, {cache, set, "c.client.Set(" + background + ", value, 30*time.Second)"}}},
		{name: "get-of-nowhere", fails: "miss", edits: []edit{{cache, get, "c.client.Get(" + background + ")"}}},
		{name: "set-of-nowhere", fails: "miss", edits: []edit{{cache, set, "c.client.Set(" + background + ", value, 30*time.Second)"}}},
		{name: "get-with-the-requests-context", fails: "miss", edits: []edit{
			{thinkerMain, "	span, ctx := tracer", "	request := ctx\n	span, ctx := tracer"},
			{thinkerMain, memoizes, "	return t.cache.memoize(ctx, request, subject, t.ponder)\n"},
			{cache, "memoize(ctx context.Context, ", "memoize(ctx, request context.Context, "}, {cache, get, `c.client.Get(request, "thought:"+subject)`},
		}},
		{name: "get-before-the-span", fails: "miss", edits: []edit{
			{thinkerMain, "	span, ctx := tracer", "	value, _ := t.cache.client.Get(ctx, \"thought:\"+subject).Bytes()\n	span, ctx := tracer"},
			{thinkerMain, memoizes, "	return t.cache.memoize(ctx, subject, value, t.ponder)\n"},
			{cache, "subject string, think", "subject string, value []byte, think"},
			{cache, "	value, err := " + get + ".Bytes()\n", "	var err error\n"},
		}},
		{name: "miss-is-a-failure", fails: "miss", edits: []edit{
			{cache, `	if err != nil && !errors.Is(err, redis.Nil) {
		slog.WarnContext(ctx, "cannot read from the cache", "subject", subject, "error", err)
	}
`, "	if err != nil {\n		return nil, err\n	}\n"},
			{cache, `	"errors"` + "\n", ""},
		}},
		{name: "thought-not-encoded", fails: "miss", edits: []edit{
			{cache, set, `c.client.Set(ctx, "thought:"+subject, found, 30*time.Second)`}, {cache, "	value, _ = json.Marshal(found) // text and a number: it can't fail\n", ""},
		}},
		{name: "never-written", fails: "miss", edits: []edit{{cache, writesIt, ""}, {cache, "	value, _ = json.Marshal(found) // text and a number: it can't fail\n", ""}}},
		{name: "written-after-the-request", fails: "miss", edits: []edit{
			{cache, writesIt, "	go func() {\n		<-ctx.Done()\n		c.client.Set(context.WithoutCancel(ctx), \"thought:\"+subject, value, 30*time.Second)\n	}()\n"},
		}},
		{name: "no-expiration", fails: "expires", edits: []edit{{cache, "value, 30*time.Second)", "value, 0)"}}},
		{name: "another-expiration", fails: "expires", edits: []edit{{cache, "value, 30*time.Second)", "value, 30*time.Minute)"}}},
		{name: "expiration-without-a-unit", fails: "expires", edits: []edit{{cache, "value, 30*time.Second)", "value, 30)"}}},
		{name: "another-key", fails: "hit", edits: []edit{{cache, get, "c.client.Get(ctx, subject)"}}},
		{name: "one-key-for-all", fails: "hit", edits: []edit{{cache, get, `c.client.Get(ctx, "thought")`}, {cache, set, `c.client.Set(ctx, "thought", value, 30*time.Second)`}}},
		{name: "not-read-as-it-was-written", fails: "hit", edits: []edit{{cache, "json.Marshal(found)", "json.Marshal([]*thought{found})"}}},
		{name: "written-on-a-hit-too", fails: "hit", edits: []edit{
			{cache, "		return &cached, nil\n", `		return &cached, c.client.Set(ctx, "thought:"+subject, value, 30*time.Second).Err()` + "\n"},
		}},
		{name: "wait-comes-first", fails: "no-wait", edits: []edit{
			{thinkerMain, memoizes, "	time.Sleep(t.delay)\n	return t.cache.memoize(ctx, subject, t.store.find)\n"},
		}},
		{name: "the-machine-responds", fails: "errors-not-cached", edits: []edit{{store, noRows, machineFinds}}},
		{name: "no-row-is-a-failure", fails: "errors-not-cached", edits: []edit{{store, noRows, ""}, {store, `	"errors"` + "\n", ""}}},
		{name: "error-cached-as-a-thought", fails: "errors-not-cached", edits: []edit{
			{cache, whenFound, "	if err != nil {\n		found = &thought{}\n	}\n	value, _ = json"}, {cache, ` && cached.Quote != ""`, ""}, {cache, "	return found, nil\n", "	return found, err\n"},
		}},
		{name: "error-cached-as-an-error", fails: "errors-not-cached", edits: []edit{
			{cache, whenFound, "	if err != nil {\n		found = &thought{}\n	}\n	value, _ = json"}, {cache, "	return found, nil\n", "	return found, err\n"},
			{cache, ` && cached.Quote != "" {` + "\n", " {\n		if cached.Quote == \"\" {\n			return nil, unknownSubject(subject)\n		}\n"},
		}},
		{name: "error-written", fails: "errors-not-cached", edits: []edit{
			{cache, whenFound, "	if err != nil {\n		found = &thought{}\n	}\n	value, _ = json"}, {cache, "	return found, nil\n", "	return found, err\n"},
		}},
	}
}
