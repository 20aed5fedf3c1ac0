package attempts

import "strings"

// honest returns other solutions of each lesson.
func honest() map[int][]attempt {
	const (
		call      = `	call, ctx := tracer.StartSpanFromContext(ctx, "call")` + "\n	defer call.Finish()\n"
		around    = `	around, ctx := tracer.StartSpanFromContext(r.Context(), "all.subjects", tracer.Tag("team", "thinkers"))` + "\n	defer around.Finish()\n"
		operation = `"http.request", options...)`
		method    = "			tracer.Tag(ext.HTTPMethod, r.Method),\n"
		refusals  = `	router.NotFoundHandler = serve.Refuse(http.StatusNotFound, "no such path; try /?subject=war")
	router.MethodNotAllowedHandler = serve.Refuse(http.StatusMethodNotAllowed, "this path allows only GET")
`
		textMap = `tracer.TextMapCarrier{
			"x-datadog-trace-id":  r.Header.Get("X-Datadog-Trace-Id"),
			"x-datadog-parent-id": r.Header.Get("X-Datadog-Parent-Id"),
		}`
		client = `redis.NewClient(&redis.Options{
		Addr:            addr,
		DialTimeout:     timeout,
		ReadTimeout:     timeout,
		MaxRetries:      -1,
		DialerRetries:   1,
		Protocol:        2,    // fewer commands, so fewer spans, for a new connection
		DisableIdentity: true, // likewise
	})
	if err := client.Ping(ctx).Err(); err != nil {
		slog.WarnContext(ctx, "no cache for now", "error", err)
	}
	redistrace.WrapClient(client)
`
	)
	return map[int][]attempt{
		1: {
			{name: "other-operations-and-tags", edits: []edit{
				{apiTrace, operation, `"web.request", options...)`}, {apiTrace, method, "			tracer.Tag(\"team\", \"api\"),\n"},
				{thinkerTrace, operation, `"web.request", options...)`}, {thinkerTrace, method, "			tracer.Tag(\"service\", \"another\"),\n"},
			}},
			{name: "span-between", edits: []edit{{thinkerMain, "	ctx := r.Context()\n", around}}},
			{name: "standard-router", edits: []edit{
				{thinkerMain, `	"github.com/gorilla/mux"` + "\n", ""}, {thinkerMain, "mux.NewRouter()", "http.NewServeMux()"},
				{thinkerMain, ").Methods(http.MethodGet)", ")"}, {thinkerMain, refusals, ""},
			}},
		},
		2: {
			{name: "span-betweens", edits: []edit{{apiMain, injects, call + injects}, {thinkerMain, "	ctx := r.Context()\n", around}}},
			{name: "library-injects-and-extracts", edits: []edit{
				{apiTrace, setTrace, ""},
				{apiTrace, setParent, "	_ = tracer.Inject(span.Context(), tracer.HTTPHeadersCarrier(header))\n"},
				{thinkerTrace, textMap, "tracer.HTTPHeadersCarrier(r.Header)"},
			}},
			{name: "headers-without-a-function", edits: []edit{
				{apiMain, injects, strings.ReplaceAll("	current := span.Context()\n	traceID, spanID := current.TraceID(), current.SpanID()\n"+
					"	header.Set(\"X-Datadog-Trace-Id\", strconv.FormatUint(traceID, 10))\n	header.Set(\"X-Datadog-Parent-Id\", strconv.FormatUint(spanID, 10))\n", "header", "req.Header")},
				{apiMain, "	query := url.Values", "	span, _ := tracer.SpanFromContext(ctx)\n	query := url.Values"},
				{apiMain, `	"net/url"` + "\n", `	"net/url"` + "\n	\"strconv\"\n"},
			}},
			{name: "function-of-the-request", edits: []edit{
				{apiMain, injects, "	inject(req)\n"}, {apiTrace, "func inject(ctx context.Context, header http.Header) {\n", "func inject(req *http.Request) {\n	ctx, header := req.Context(), req.Header\n"},
				{apiTrace, `	"context"` + "\n", ""},
			}},
		},
		3: {
			{name: "another-router", edits: []edit{
				{thinkerMain, `	muxtrace "gopkg.in/DataDog/dd-trace-go.v1/contrib/gorilla/mux"`, `	httptrace "gopkg.in/DataDog/dd-trace-go.v1/contrib/net/http"`},
				{thinkerMain, "muxtrace.NewRouter()", "httptrace.NewServeMux()"},
				{thinkerMain, ").Methods(http.MethodGet)", ")"}, {thinkerMain, refusals, ""},
			}},
			{name: "other-client-and-span-betweens", edits: []edit{
				{apiMain, "10 * time.Second})", "10 * time.Second}, httptrace.RTWithResourceNamer(func(*http.Request) string { return \"call the microservice\" }))"},
				{apiMain, "	query := url.Values", call + "	query := url.Values"},
				{thinkerMain, "	ctx := r.Context()\n", around},
			}},
		},
		4: {
			{name: "the-machine-responds", edits: []edit{{store, noRows, machineFinds}}},
			{name: "the-machine-is-the-exercise", exercise: true, edits: []edit{{store, noRows, machineFinds}}},
			{name: "row-without-an-id", edits: []edit{
				{store, "SELECT id, quote, author, subject FROM", "SELECT quote, author FROM"}, {store, "Scan(&t.ID, &t.Quote, &t.Author, &t.Subject)", "Scan(&t.Quote, &t.Author)"},
				{thoughts, "	ID      int64  `json:\"id,omitempty\"`\n", ""}, {thoughts, "	Subject string `json:\"subject\"`\n", ""},
			}},
			{name: "prepared-statement", edits: []edit{
				{store, "	err := " + query + ".\n",
					"	statement, err := s.db.PrepareContext(ctx, `SELECT * FROM thought WHERE subject = $1`)\n	if err != nil {\n		return nil, err\n	}\n	defer statement.Close()\n	err = statement.QueryRowContext(ctx, subject).\n"},
			}},
		},
		5: {
			{name: "another-command", edits: []edit{{cache, "c.client.Set(ctx,", "c.client.SetEx(ctx,"}}},
			{name: "pipeline", edits: []edit{{cache, "	if err := " + set + ".Err(); err != nil {\n",
				`	pipe := c.client.TxPipeline()
	pipe.Set(ctx, "thought:"+subject, value, 0)
	pipe.Expire(ctx, "thought:"+subject, 30*time.Second)
	if _, err := pipe.Exec(ctx); err != nil {
`}}},
			{name: "plain-client", edits: []edit{
				{cache, client, "redis.NewClient(&redis.Options{Addr: addr})\n	redistrace.WrapClient(client)\n"},
			}},
		},
	}
}
