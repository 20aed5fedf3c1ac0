package web

import (
	"net/http"
	"slices"

	"thinker/shared/apm/query"
)

// An endpoint documents one endpoint of the API. Tests compare the API with it.
type endpoint struct {
	Method     string
	Path       string // as a pattern
	Does       string
	Parameters []parameter
	Example    string // an address; {trace} and {service} stand for the latest trace
	Sample     string // the file in examples/ with a response; empty for an empty response
	Status     int    // of that response
	Fields     []field
}

// A parameter is a parameter of an endpoint.
type parameter struct {
	Name    string // in braces if it is in the path
	Type    string
	Default string
	Bounds  string
	Means   string
}

// A field is a field of a JSON response. The elements of lists are named as in
// services[].service, and an object with arbitrary names as in spans[].meta{}.
type field struct{ Name, Means string }

// endpoints returns all endpoints of the API.
func endpoints() []endpoint {
	return []endpoint{
		{
			Method: http.MethodGet, Path: "/api/traces", Status: http.StatusOK,
			Does:       "Lists traces with a matching span. The trace that arrived last comes first.",
			Parameters: append(selecting(query.AllSpans), limit("50", "traces"), parameter{"cursor", "number", "none", "", "Continues after a previous response: its next."}),
			Example:    "/api/traces?query=status:error&limit=10", Sample: "traces.json",
			Fields: []field{
				{"traces[].trace_id", "also the ID in /trace/ID, the trace’s page"},
				{"traces[].service", "of the trace’s entry span, like name, resource, start and duration"},
				{"traces[].name", "operation"},
				{"traces[].resource", ""},
				{"traces[].start", ""},
				{"traces[].duration", ""},
				{"traces[].spans", "number of spans that have arrived"},
				{"traces[].errors", "number of spans with an error"},
				{"next", "the cursor of the next page; null at the end"},
			},
		},
		{
			Method: http.MethodGet, Path: "/api/traces/{id}", Status: http.StatusOK,
			Does: "Returns one trace with all its spans, ordered by start. apm export writes this format and apm import reads it.",
			Parameters: []parameter{
				traceID(),
				{"download", "true or false", "false", "", "Makes browsers save the response as a file."},
			},
			Example: "/api/traces/{trace}", Sample: "trace.json",
			Fields: []field{
				{"trace_id", "low 64 bits"},
				{"trace_id_hex", "128 bits as 32 hexadecimal digits"},
				{"spans[].trace_id", ""},
				{"spans[].span_id", ""},
				{"spans[].parent_id", "\"0\" for a root span"},
				{"spans[].service", ""},
				{"spans[].name", "operation"},
				{"spans[].resource", ""},
				{"spans[].type", "web, http, sql, redis, …"},
				{"spans[].start", ""},
				{"spans[].duration", ""},
				{"spans[].error", "1 for an error, otherwise 0"},
				{"spans[].meta{}", "tags"},
				{"spans[].metrics{}", "numeric tags; null for NaN and infinities"},
				{"spans[].links[].trace_id", "span links: the trace and span that the span is related to"},
				{"spans[].links[].trace_id_hex", ""},
				{"spans[].links[].span_id", ""},
				{"spans[].links[].attributes{}", ""},
				{"spans[].events[].time", "span events"},
				{"spans[].events[].name", ""},
				{"spans[].events[].attributes{}", "of any JSON type"},
			},
		},
		{
			Method: http.MethodGet, Path: "/api/traces/{id}/outline", Status: http.StatusOK,
			Does: "Returns the layout of a trace’s flame graph, without tags. Spans are stored by column, parents before children. A span’s start is relative to the start of the trace.",
			Parameters: []parameter{
				traceID(),
				{"find", "text", "nothing", "1,000 bytes", "Finds the spans with this text in their service, operation, resource or tags, ignoring case, or the span with this ID."},
				{"errors", "only", "all", "", "Finds only spans with an error."},
			},
			Example: "/api/traces/{trace}/outline?errors=only", Sample: "outline.json",
			Fields: []field{
				{"trace_id", ""},
				{"start", "start of the trace"},
				{"duration", ""},
				{"exec_time", "sum over all spans"},
				{"rows", "number of rows of the flame graph"},
				{"orphans_row", "empty row above the spans without a parent in this trace; -1 if there are none"},
				{"services[].service", ""},
				{"services[].colour", "as on the pages"},
				{"services[].dark_text", "whether dark text is easier to read on this colour"},
				{"names", "operations"},
				{"labels", "texts for the spans’ boxes, at most 120 bytes each"},
				{"spans.span_id", ""},
				{"spans.parent", "index of the parent; -1 for none"},
				{"spans.row", "from 0 at the top"},
				{"spans.start", "since the start of the trace"},
				{"spans.duration", "negative durations are 0"},
				{"spans.exec_time", "time the span spent working rather than waiting for child spans"},
				{"spans.service", "index into services; name and label are indexes, too"},
				{"spans.name", ""},
				{"spans.label", ""},
				{"spans.error", "1 for an error, otherwise 0"},
				{"found", "indexes of the spans that find and errors match; null without them"},
			},
		},
		{
			Method: http.MethodDelete, Path: "/api/traces", Status: http.StatusNoContent,
			Does:    "Deletes all traces, like apm clear. This cannot be undone. The response is empty. Browsers can send this only from the agent’s own pages.",
			Example: "/api/traces",
		},
		{
			Method: http.MethodGet, Path: "/api/services", Status: http.StatusOK,
			Does:       "Lists up to 1,000 services with the figures of their service entry spans. The service with the most requests comes first.",
			Parameters: selecting(query.ServiceEntrySpans),
			Example:    "/api/services", Sample: "services.json",
			Fields: slices.Concat(
				[]field{
					{"from", "start of the time range: the parameter or, without it, the earliest span"},
					{"to", "end of the time range, exclusive"},
					{"services[].service", ""},
					{"services[].type", "most common type of its spans"},
				},
				figureFields("services[]."),
				[]field{
					{"services[].apdex", "Apdex, from 0 to 1: requests under 0.5 s count fully, under 2 s count half"},
					{"services[].first_seen", "start of its earliest span"},
					{"services[].last_seen", "start of its latest span"},
					{"services[].versions", "over all time; the newest comes first"},
					{"services[].last_deploy", "start of the newest version’s first span; 0 without versions"},
					{"others", "number of services left out"},
				}),
		},
		{
			Method: http.MethodGet, Path: "/api/services/{service}/resources", Status: http.StatusOK,
			Does: "Lists a service’s resources with their figures. The resource with the most requests comes first.",
			Parameters: append([]parameter{{"{service}", "text", "required", "", "The service’s exact name. Write a slash as %2F."}},
				append(selecting(query.ServiceEntrySpans),
					parameter{"operation", "text", "all", "1,000 bytes", "Only spans of this operation. Add scope=all if it isn’t a service entry operation."},
					limit("100", "resources"))...),
			Example: "/api/services/{service}/resources", Sample: "resources.json",
			Fields: slices.Concat(
				[]field{
					{"service", ""},
					{"from", ""},
					{"to", "end of the time range, exclusive"},
					{"resources[].resource", ""},
					{"resources[].operation", "resources are listed by resource and operation"},
				},
				figureFields("resources[]."),
				[]field{
					{"resources[].requests_per_second", "average between from and to; a shorter time counts as one second"},
					{"others", "number of resources left out"},
				}),
		},
		{
			Method: http.MethodGet, Path: "/api/figures", Status: http.StatusOK,
			Does: "Returns figures of the matching spans, each counted as a request: in total and by group, over time, and as a distribution of latency.",
			Parameters: append(selecting(query.ServiceEntrySpans),
				parameter{"by", "attribute", "none", "up to 3", "Groups spans by this attribute: service, version, @http.status_code. Repeat it to group by several."},
				parameter{"buckets", "number", "0", "0 to 1000", "Returns a series with this many buckets. All groups together can have 60,000 buckets."},
				parameter{"distribution", "true or false", "false", "", "Returns the distribution of latency."},
				limit("20", "groups")),
			Example: "/api/figures?by=service&buckets=3&distribution=true&limit=1", Sample: "figures.json",
			Fields: slices.Concat(
				[]field{
					{"from", "start of the time range of the series"},
					{"to", "end of the time range, exclusive"},
					{"step", "length of a bucket, rounded down; 0 without buckets"},
					{"by", "the attributes of the groups"},
				},
				groupFields("total."), groupFields("groups[]."),
				[]field{{"others", "number of groups left out"}}),
		},
		{
			Method: http.MethodGet, Path: "/api/facets", Status: http.StatusOK,
			Does: "Counts the values of attributes. The most common value comes first.",
			Parameters: append(selecting(query.AllSpans),
				parameter{"field", "attribute", "all", "up to 20", "An attribute such as service or @http.status_code. Repeat it for several. The default is the 100 most common attributes."},
				limit("10", "values of each")),
			Example: "/api/facets?field=service&field=@http.status_code", Sample: "facets.json",
			Fields: []field{
				{"facets[].field", "in query syntax"},
				{"facets[].spans", "number of spans that have it"},
				{"facets[].values[].value", ""},
				{"facets[].values[].spans", ""},
				{"facets[].others", "number of values left out"},
				{"others", "number of attributes left out"},
			},
		},
		{
			Method: http.MethodGet, Path: "/api/time-spent", Status: http.StatusOK,
			Does:       "Returns the execution time of the matching spans and of all spans below them, by service. The service with the most execution time comes first.",
			Parameters: append(selecting(query.ServiceEntrySpans), parameter{"buckets", "number", "0", "0 to 200", "Returns series with this many buckets."}),
			Example:    "/api/time-spent?query=service:{service}&buckets=3", Sample: "time-spent.json",
			Fields: append(lookedAtFields(),
				field{"step", "length of a bucket, rounded down; 0 without buckets"},
				field{"series.requests", "requests in each bucket; series are absent without buckets"},
				field{"services[].service", ""},
				field{"services[].exec_time", "time its spans spent working rather than waiting for child spans"},
				field{"services[].per_request", "average per request"},
				field{"services[].percent", "share of the execution time of all services"},
				field{"services[].series.exec_time", "execution time by the start of the request"},
				field{"services[].series.per_request", "average per request; null for a bucket without requests"},
				field{"others", "number of services left out"}),
		},
		{
			Method: http.MethodGet, Path: "/api/dependencies", Status: http.StatusOK,
			Does:       "Returns the calls between services upstream and downstream of the matching spans. A call is a span whose parent belongs to another service.",
			Parameters: selecting(query.ServiceEntrySpans),
			Example:    "/api/dependencies?query=service:{service}", Sample: "dependencies.json",
			Fields: append(lookedAtFields(),
				field{"edges[].caller", "the calling service; at most 2,000 edges, sorted by caller"},
				field{"edges[].callee", "the called service"},
				field{"edges[].calls", "in the sample, like errors, traces and times"},
				field{"edges[].calls_per_second", "average between from and to; a shorter time counts as one second. For a sample, an estimate for all requests"},
				field{"edges[].errors", "calls with an error"},
				field{"edges[].error_rate", "0 to 1"},
				field{"edges[].traces", "traces with such a call"},
				field{"edges[].total", "sum of the durations"},
				field{"edges[].avg", "average duration"},
				field{"edges[].max", "longest duration"},
				field{"others", "number of edges left out: the ones with the fewest calls"}),
		},
		{
			Method: http.MethodGet, Path: "/api/span-summary", Status: http.StatusOK,
			Does:       "Returns the Span summary of the matching spans and all spans below them, at most 500 rows. The row with the most execution time comes first.",
			Parameters: selecting(query.ServiceEntrySpans),
			Example:    "/api/span-summary?query=service:{service}", Sample: "span-summary.json",
			Fields: append(lookedAtFields(),
				field{"spans[].service", "spans are grouped by service, operation, resource and type"},
				field{"spans[].operation", ""},
				field{"spans[].resource", ""},
				field{"spans[].type", ""},
				field{"spans[].spans", "number of spans in the sample"},
				field{"spans[].errors", "number of spans with an error"},
				field{"spans[].traces", "traces with such a span"},
				field{"spans[].avg_spans", "spans per trace, over traces with such a span"},
				field{"spans[].percent_of_traces", "share of traces with such a span"},
				field{"spans[].avg_duration", "average duration of a span"},
				field{"spans[].avg_exec_percent", "average share of the execution time, over traces with such a span"},
				field{"spans[].exec_time", "sum of the execution time"},
				field{"others", "number of rows left out"}),
		},
		{
			Method: http.MethodGet, Path: "/api/intake", Status: http.StatusOK,
			Does:    "Returns which tracers sent spans, and what was refused. Times are strings in RFC 3339 and UTC, except kept.oldest and kept.newest.",
			Example: "/api/intake", Sample: "intake.json",
			Fields: intakeFields(),
		},
		{
			Method: http.MethodGet, Path: "/api/events", Status: http.StatusOK,
			Does: "Streams server-sent events: one for each trace that changed. Fetch the trace to see the change.",
			Parameters: []parameter{
				{"kind", "trace or intake", "trace", "", "Events for changed traces, or for requests to the intake."},
				{"trace", "trace ID", "all", "64 or 128 bits", "Only events of this trace."},
			},
			Example: "/api/events", Sample: "events.txt",
			Fields: []field{{"trace_id", "the changed trace"}},
		},
	}
}

func traceID() parameter {
	return parameter{"{id}", "trace ID", "required", "64 or 128 bits", "Decimal or hexadecimal, with or without leading zeros. Digits alone are tried as decimal first."}
}

// selecting returns the parameters that select spans.
func selecting(scope query.Scope) []parameter {
	return []parameter{
		{"query", "query", "every span", "4,096 bytes", "In Datadog’s query syntax: service:api @http.status_code:>=500 -status:ok."},
		{"env", "text", "all", "1,000 bytes", "Only spans of this environment."},
		{"scope", "all, service-entry or root", scope.String(), "", "All spans, service entry spans or root spans."},
		{"from", "time", "open", "", "Only spans that started at this time or later."},
		{"to", "time", "open", "", "Only spans that started before this time."},
	}
}

func limit(absent, what string) parameter {
	return parameter{"limit", "number", absent, "1 to 1000", "Maximum number of " + what + "."}
}

// lookedAtFields returns the fields about the sample of requests.
func lookedAtFields() []field {
	return []field{
		{"requests", "number of requests in the sample"},
		{"of", "number of matching requests"},
		{"traces", "number of traces in the sample"},
		{"from", "start of the time range: the parameter or, without it, the earliest span"},
		{"to", "end of the time range, exclusive"},
	}
}

func figureFields(prefix string) []field {
	return []field{
		{prefix + "requests", ""},
		{prefix + "errors", "requests with an error"},
		{prefix + "error_rate", "0 to 1"},
		{prefix + "total", "sum of the durations"},
		{prefix + "avg", "average duration; 0 without requests"},
		{prefix + "p50", "percentiles of the duration, within 1 %"},
		{prefix + "p75", ""},
		{prefix + "p90", ""},
		{prefix + "p95", ""},
		{prefix + "p99", ""},
		{prefix + "max", "longest duration"},
	}
}

func groupFields(prefix string) []field {
	fields := append([]field{{prefix + "values", "in the order of by; \"\" for spans without the attribute"}}, figureFields(prefix)...)
	fields = append(fields, field{prefix + "first_seen", "start of the earliest span; 0 without spans"}, field{prefix + "last_seen", "start of the latest span"})
	for i, name := range []string{"requests", "errors", "avg", "p50", "p75", "p90", "p95", "p99", "max"} {
		means := ""
		switch i {
		case 0:
			means = "one element per bucket; series is absent without buckets"
		case 2:
			means = "null for a bucket without requests; so are the percentiles and max"
		}
		fields = append(fields, field{prefix + "series." + name, means})
	}
	return append(fields,
		field{prefix + "distribution[].duration", "within 1 %, the shortest first; distribution is absent by default"},
		field{prefix + "distribution[].requests", "requests of about this duration"})
}

func intakeFields() []field {
	return []field{
		{"since", "when the intake started"},
		{"payloads", "accepted trace payloads"},
		{"spans", "accepted spans"},
		{"bytes", "size of the accepted payloads, uncompressed"},
		{"calls", "all requests"},
		{"tracers[].service", "at most 200 tracers, by service; unknown values are \"\""},
		{"tracers[].language", ""},
		{"tracers[].tracer_version", ""},
		{"tracers[].format", "format of its payloads: v0.4, v1.0, …"},
		{"tracers[].env", ""},
		{"tracers[].version", "version of the service"},
		{"tracers[].payloads", ""},
		{"tracers[].spans", ""},
		{"tracers[].errors", "spans with an error"},
		{"tracers[].bytes", ""},
		{"tracers[].last_contact", ""},
		{"tracers[].clock_offset", "estimated clock skew: positive is ahead, negative is behind"},
		{"tracers[].clock_offset_most", "largest estimated clock skew"},
		{"tracers_forgotten", "older tracers that are no longer listed"},
		{"losses[].reason", ""},
		{"losses[].count", ""},
		{"losses[].advice", "what to do about it"},
		{"refusals[].time", "the last 50, newest first"},
		{"refusals[].method", ""},
		{"refusals[].path", ""},
		{"refusals[].status", ""},
		{"refusals[].reason", "same as in losses"},
		{"refusals[].detail", "what was wrong"},
		{"refusals[].content_type", ""},
		{"refusals[].content_length", "null without a Content-Length"},
		{"refusals[].headers{}", "headers that identify the sender"},
		{"refusals[].first_bytes", "up to 64 bytes of the body in hexadecimal"},
		{"requests[].time", "the last 100, newest first"},
		{"requests[].method", ""},
		{"requests[].path", ""},
		{"requests[].status", ""},
		{"requests[].bytes", "size of the body"},
		{"requests[].spans", "accepted spans"},
		{"requests[].service", ""},
		{"requests[].language", ""},
		{"requests[].tracer_version", ""},
		{"kept.traces", "stored traces"},
		{"kept.spans", "stored spans"},
		{"kept.max_spans", ""},
		{"kept.bytes", "size of the stored spans in the file, without its log"},
		{"kept.max_bytes", ""},
		{"kept.oldest", "start of the earliest stored span; 0 for none"},
		{"kept.newest", "start of the latest stored span; 0 for none"},
		{"kept.evicted_traces", "evicted to make room for newer traces"},
		{"kept.evicted_spans", ""},
		{"kept.damaged_spans", "could not be read from the file and were set aside"},
		{"chain[].holds", "whether this condition for finding a trace holds; the first that doesn’t says why a trace is missing"},
		{"chain[].says", ""},
		{"chain[].do", "the next step if it doesn’t hold"},
	}
}
