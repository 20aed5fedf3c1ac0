package attempts

// honest are other ways to reach a lesson.
func honest() map[int][]attempt {
	const (
		call      = `	call, ctx := tracer.StartSpanFromContext(ctx, "call")` + "\n	defer call.Finish()\n"
		around    = `	around, ctx := tracer.StartSpanFromContext(r.Context(), "all.subjects", tracer.Tag("team", "thinkers"))` + "\n	defer around.Finish()\n"
		operation = `tracer.StartSpanFromContext(r.Context(), "http.request",`
		refusals  = `	router.NotFoundHandler = serve.Refuse(http.StatusNotFound, "no such path; try /?subject=war")
	router.MethodNotAllowedHandler = serve.Refuse(http.StatusMethodNotAllowed, "only GET is answered here")
`
		machine = `		return &thought{Quote: "Hmmm, that's something I'll need to think about.", Author: "The Machine", Subject: subject}, nil` + "\n"
	)
	return map[int][]attempt{
		1: {
			{name: "other-operations-and-tags", edits: []edit{
				{apiTrace, operation, `tracer.StartSpanFromContext(r.Context(), "web.request", tracer.Tag("team", "api"),`},
				{thinkerTrace, operation, `tracer.StartSpanFromContext(r.Context(), "web.request", tracer.Tag("service", "another"),`},
			}},
			{name: "span-between", edits: []edit{{thinkerMain, "	ctx := r.Context()\n", around}}},
			{name: "standard-router", edits: []edit{
				{thinkerMain, `	"github.com/gorilla/mux"` + "\n", ""}, {thinkerMain, "mux.NewRouter()", "http.NewServeMux()"},
				{thinkerMain, ").Methods(http.MethodGet)", ")"}, {thinkerMain, refusals, ""},
			}},
		},
		2: {
			{name: "span-betweens", edits: []edit{{apiMain, "	inject(ctx, req.Header)\n", call + "	inject(ctx, req.Header)\n"}, {thinkerMain, "	ctx := r.Context()\n", around}}},
			{name: "library-injects", edits: []edit{
				{apiTrace, `	header.Set("X-Datadog-Trace-Id", strconv.FormatUint(span.Context().TraceID(), 10))` + "\n", ""},
				{apiTrace, `	header.Set("X-Datadog-Parent-Id", strconv.FormatUint(span.Context().SpanID(), 10))` + "\n", "	_ = tracer.Inject(span.Context(), tracer.HTTPHeadersCarrier(header))\n"},
			}},
		},
		3: {
			{name: "another-router", edits: []edit{
				{thinkerMain, `	muxtrace "gopkg.in/DataDog/dd-trace-go.v1/contrib/gorilla/mux"`, `	httptrace "gopkg.in/DataDog/dd-trace-go.v1/contrib/net/http"`},
				{thinkerMain, "muxtrace.NewRouter()", "httptrace.NewServeMux()"},
				{thinkerMain, ").Methods(http.MethodGet)", ")"}, {thinkerMain, refusals, ""},
			}},
			{name: "other-client-and-span-betweens", edits: []edit{
				{apiMain, "10 * time.Second})", "10 * time.Second}, httptrace.RTWithResourceNamer(func(*http.Request) string { return \"ask the thinker\" }))"},
				{apiMain, "	query := url.Values", call + "	query := url.Values"},
				{thinkerMain, "	ctx := r.Context()\n", around},
			}},
		},
		4: {
			{name: "the-machine-answers", edits: []edit{{store, "		return nil, unknownSubject(subject)\n", machine}}},
			{name: "prepared-statement", edits: []edit{
				{store, "	err := s.db.QueryRowContext(ctx, `SELECT id, quote, author, subject FROM thought WHERE subject = ?`, subject).\n",
					"	statement, err := s.db.PrepareContext(ctx, `SELECT * FROM thought WHERE subject = $1`)\n	if err != nil {\n		return nil, err\n	}\n	defer statement.Close()\n	err = statement.QueryRowContext(ctx, subject).\n"},
			}},
		},
		5: {
			{name: "errors-are-tried-again", edits: []edit{
				{store, machine, "		return nil, err\n"},
				{thinkerMain, "			return nil, err\n		}\n		replies[subject] = reply{thought: thought}\n", "			replies[subject] = reply{Error: true}\n			continue\n		}\n		replies[subject] = reply{thought: thought}\n"},
			}},
			{name: "another-command", edits: []edit{{cache, "m.redis.Set(ctx,", "m.redis.SetEx(ctx,"}}},
		},
	}
}
