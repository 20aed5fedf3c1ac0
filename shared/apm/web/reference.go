package web

import (
	"net/http"
	"slices"

	"thinker/shared/apm/search"
)

// An endpoint is what the API's page says of one part of the API. The tests
// hold the API to it, and it to the API.
type endpoint struct {
	Method     string
	Path       string // as a pattern
	Does       string
	Parameters []parameter
	Example    string // an address; {trace} and {service} stand for what has arrived last
	Sample     string // the file in examples/ with an answer; empty where there is none to read
	Status     int    // of that answer
	Fields     []field
}

// A parameter is a part of an endpoint's address.
type parameter struct {
	Name    string // in braces where it is in the path
	Type    string
	Default string
	Bounds  string
	Means   string
}

// A field is a part of a JSON answer. The elements of lists are named as in
// services[].service, an object with names of its senders' choice as in
// spans[].meta{}.
type field struct{ Name, Means string }

// endpoints are all of the API.
func endpoints() []endpoint {
	return []endpoint{
		{
			Method: http.MethodGet, Path: "/api/traces", Status: http.StatusOK,
			Does:       "Finds the traces that have a span that is looked for. The one that arrived last comes first.",
			Parameters: append(selecting(search.AllSpans), limit("50", "traces"), parameter{"cursor", "number", "none", "", "Goes on after an answer: its next."}),
			Example:    "/api/traces?query=status:error&limit=10", Sample: "traces.json",
			Fields: []field{
				{"traces[].trace_id", "as in /trace/ID, the trace’s page"},
				{"traces[].service", "of the entry span, with which the trace began; so are name, resource, start and duration"},
				{"traces[].name", "operation"},
				{"traces[].resource", ""},
				{"traces[].start", ""},
				{"traces[].duration", ""},
				{"traces[].spans", "how many have arrived"},
				{"traces[].errors", "how many of these failed"},
				{"next", "the cursor of what follows; null at the end"},
			},
		},
		{
			Method: http.MethodGet, Path: "/api/traces/{id}", Status: http.StatusOK,
			Does: "Gives one trace with all its spans, in order of start. This is what apm export writes and apm import reads.",
			Parameters: []parameter{
				traceID(),
				{"download", "true or false", "false", "", "Have browsers keep the answer as a file."},
			},
			Example: "/api/traces/{trace}", Sample: "trace.json",
			Fields: []field{
				{"trace_id", "the low 64 bits"},
				{"trace_id_hex", "all 128 bits, as 32 hexadecimal digits"},
				{"spans[].trace_id", ""},
				{"spans[].span_id", ""},
				{"spans[].parent_id", "\"0\" for the root"},
				{"spans[].service", ""},
				{"spans[].name", "operation"},
				{"spans[].resource", ""},
				{"spans[].type", "web, http, sql, redis, …"},
				{"spans[].start", ""},
				{"spans[].duration", ""},
				{"spans[].error", "1 where the span failed, else 0"},
				{"spans[].meta{}", "tags"},
				{"spans[].metrics{}", "tags that are numbers; null where JSON has no such number"},
				{"spans[].links[].trace_id", "of a span that belongs with this one"},
				{"spans[].links[].trace_id_hex", ""},
				{"spans[].links[].span_id", ""},
				{"spans[].links[].attributes{}", ""},
				{"spans[].events[].time", "of a moment within the span"},
				{"spans[].events[].name", ""},
				{"spans[].events[].attributes{}", "of any kind"},
			},
		},
		{
			Method: http.MethodGet, Path: "/api/traces/{id}/outline", Status: http.StatusOK,
			Does: "Gives what it takes to draw one trace as a flame graph: where its spans stand, and no tags. Parents come before their children, and each figure of the spans is a list by itself. Start is here the time since the trace’s.",
			Parameters: []parameter{
				traceID(),
				{"find", "text", "nothing", "1,000 bytes", "Also tell which spans have this text in their service, operation, resource or tags, in any case."},
				{"errors", "only", "all", "", "Also tell which spans failed; with find, which of these."},
			},
			Example: "/api/traces/{trace}/outline?errors=only", Sample: "outline.json",
			Fields: []field{
				{"trace_id", ""},
				{"start", "of the trace"},
				{"duration", ""},
				{"exec_time", "of all spans"},
				{"rows", "of the flame graph"},
				{"orphans_row", "that is left free above the spans whose parent is missing; -1 where there are none"},
				{"services[].service", ""},
				{"services[].colour", "as pages have it"},
				{"services[].dark_text", "it is easier to read on this colour"},
				{"names", "operations"},
				{"labels", "what the spans worked on, at most 120 bytes of it"},
				{"spans.span_id", ""},
				{"spans.parent", "the index of the span that it stands below; -1 for none"},
				{"spans.row", "from 0, the top"},
				{"spans.start", "since the trace’s"},
				{"spans.duration", "0 where it is less"},
				{"spans.exec_time", "in which it worked and did not wait for another"},
				{"spans.service", "the index of its service; likewise of name and label"},
				{"spans.name", ""},
				{"spans.label", ""},
				{"spans.error", ""},
				{"found", "the indexes of spans that are looked for; null where nothing is"},
			},
		},
		{
			Method: http.MethodDelete, Path: "/api/traces", Status: http.StatusNoContent,
			Does:    "Drops every trace, for good, as apm clear does. The answer is empty. A browser may ask for it from the agent’s own pages alone.",
			Example: "/api/traces",
		},
		{
			Method: http.MethodGet, Path: "/api/services", Status: http.StatusOK,
			Does:       "Lists services with the figures of their entry spans; those with most requests come first, at most 1,000.",
			Parameters: selecting(search.ServiceEntrySpans),
			Example:    "/api/services", Sample: "services.json",
			Fields: slices.Concat(
				[]field{
					{"from", "the time that was looked at: what was asked for or, where that was open, what there is"},
					{"to", "exclusive"},
					{"services[].service", ""},
					{"services[].type", "the most common type of its spans"},
				},
				figureFields("services[]."),
				[]field{
					{"services[].apdex", "how content those who asked were, from 0 to 1, where half a second satisfies"},
					{"services[].first_seen", "start of its earliest span"},
					{"services[].last_seen", "start of its latest span"},
					{"services[].versions", "of any time; the one that appeared last comes first"},
					{"services[].last_deploy", "when that one appeared; 0 without versions"},
					{"others", "services left out"},
				}),
		},
		{
			Method: http.MethodGet, Path: "/api/services/{service}/resources", Status: http.StatusOK,
			Does: "Lists what a service is asked for, with figures; those with most requests come first.",
			Parameters: append([]parameter{{"{service}", "text", "required", "", "Its exact name; a slash in it is written as %2F."}},
				append(selecting(search.ServiceEntrySpans),
					parameter{"operation", "text", "all", "1,000 bytes", "Only spans of this operation. For one within the service, scope=all finds it."},
					limit("100", "resources"))...),
			Example: "/api/services/{service}/resources", Sample: "resources.json",
			Fields: slices.Concat(
				[]field{
					{"service", ""},
					{"from", ""},
					{"to", "exclusive"},
					{"resources[].resource", ""},
					{"resources[].operation", "with another operation, a resource is another one"},
				},
				figureFields("resources[]."),
				[]field{
					{"resources[].requests_per_second", "on average between from and to, a time that is taken for a second where it is less"},
					{"others", "resources left out"},
				}),
		},
		{
			Method: http.MethodGet, Path: "/api/figures", Status: http.StatusOK,
			Does: "Gives the figures of the spans that are looked for, each counted as a request: in total and in groups, as a sum, over time and by latency.",
			Parameters: append(selecting(search.ServiceEntrySpans),
				parameter{"by", "attribute", "none", "up to 3", "What the spans of a group have in common: service, version, @http.status_code. Repeat it for several."},
				parameter{"buckets", "number", "0", "0 to 1000", "How many equal parts of the time to give a series of. For all groups together, up to 60,000."},
				parameter{"distribution", "true or false", "false", "", "Also count how many requests took how long."},
				limit("20", "groups")),
			Example: "/api/figures?by=service&buckets=3&distribution=true&limit=1", Sample: "figures.json",
			Fields: slices.Concat(
				[]field{
					{"from", "the time that the series divide"},
					{"to", "exclusive"},
					{"step", "from one part of a series to the next, rounded down; 0 without series"},
					{"by", "the attributes that the groups have values of"},
				},
				groupFields("total."), groupFields("groups[]."),
				[]field{{"others", "groups left out"}}),
		},
		{
			Method: http.MethodGet, Path: "/api/facets", Status: http.StatusOK,
			Does: "Counts the values that attributes have; the most common come first.",
			Parameters: append(selecting(search.AllSpans),
				parameter{"field", "attribute", "all", "up to 20", "service or @http.status_code, for example. Repeat it for several. Without it, the 100 most common by which spans can be grouped."},
				limit("10", "values of each")),
			Example: "/api/facets?field=service&field=@http.status_code", Sample: "facets.json",
			Fields: []field{
				{"facets[].field", "as queries write it"},
				{"facets[].spans", "how many have it"},
				{"facets[].values[].value", ""},
				{"facets[].values[].spans", ""},
				{"facets[].others", "values left out"},
				{"others", "attributes left out"},
			},
		},
		{
			Method: http.MethodGet, Path: "/api/time-spent", Status: http.StatusOK,
			Does:       "Tells which services worked for the spans that are looked for: the execution time of these, and of all spans below them. The service that took most comes first.",
			Parameters: append(selecting(search.ServiceEntrySpans), parameter{"buckets", "number", "0", "0 to 200", "How many equal parts of the time to give a series of."}),
			Example:    "/api/time-spent?query=service:{service}&buckets=3", Sample: "time-spent.json",
			Fields: append(lookedAtFields(),
				field{"step", "from one part of a series to the next, rounded down; 0 without series"},
				field{"series.requests", "looked at, one for each part of the time, from the first; series are left out without buckets"},
				field{"services[].service", ""},
				field{"services[].exec_time", "in which one of its spans worked and did not wait for another"},
				field{"services[].per_request", "the same for one request, on average"},
				field{"services[].percent", "of the execution time of all services"},
				field{"services[].series.exec_time", "by the start of the request that the service worked for"},
				field{"services[].series.per_request", "null where there were no requests"},
				field{"others", "services left out"}),
		},
		{
			Method: http.MethodGet, Path: "/api/dependencies", Status: http.StatusOK,
			Does:       "Tells which service calls which, for the spans that are looked for: from the roots of their traces down to them, and below them. A call is a span whose parent is another service’s.",
			Parameters: selecting(search.ServiceEntrySpans),
			Example:    "/api/dependencies?query=service:{service}", Sample: "dependencies.json",
			Fields: append(lookedAtFields(),
				field{"edges[].caller", "the service whose span is the parent; edges are in the order of callers, at most 2,000"},
				field{"edges[].callee", "the service that was called"},
				field{"edges[].calls", "in what was looked at; so are errors, traces and times"},
				field{"edges[].calls_per_second", "on average between from and to, a time that is taken for a second where it is less; of a sample, an estimate for all"},
				field{"edges[].errors", "calls that failed"},
				field{"edges[].error_rate", "from 0 to 1"},
				field{"edges[].traces", "that have such a call"},
				field{"edges[].total", "time that all calls took together"},
				field{"edges[].avg", "time that one took on average"},
				field{"edges[].max", "time that the longest took"},
				field{"others", "edges left out, those with the fewest calls"}),
		},
		{
			Method: http.MethodGet, Path: "/api/span-summary", Status: http.StatusOK,
			Does:       "Tells what kinds of spans are in the spans that are looked for: these themselves, and all below them. The kind with most execution time comes first, of at most 500.",
			Parameters: selecting(search.ServiceEntrySpans),
			Example:    "/api/span-summary?query=service:{service}", Sample: "span-summary.json",
			Fields: append(lookedAtFields(),
				field{"spans[].service", "with another one, or another operation, resource or type, a kind is another one"},
				field{"spans[].operation", ""},
				field{"spans[].resource", ""},
				field{"spans[].type", ""},
				field{"spans[].spans", "of this kind, in what was looked at"},
				field{"spans[].errors", "how many of these failed"},
				field{"spans[].traces", "that have such a span"},
				field{"spans[].avg_spans", "in a trace that has such a span"},
				field{"spans[].percent_of_traces", "how many have such a span"},
				field{"spans[].avg_duration", "of one span"},
				field{"spans[].avg_exec_percent", "of the execution time of what was looked at, on average over the traces that have such a span"},
				field{"spans[].exec_time", "of all spans of this kind together"},
				field{"others", "kinds left out"}),
		},
		{
			Method: http.MethodGet, Path: "/api/intake", Status: http.StatusOK,
			Does:    "Tells who has sent spans, and what was not taken in. Its times are texts in RFC 3339, in UTC, but for kept.oldest and kept.newest.",
			Example: "/api/intake", Sample: "intake.json",
			Fields: intakeFields(),
		},
		{
			Method: http.MethodGet, Path: "/api/events", Status: http.StatusOK,
			Does: "Streams server-sent events, until the reader goes: a notice for each trace that has changed. What has changed is to be fetched.",
			Parameters: []parameter{
				{"kind", "trace or intake", "trace", "", "Notices of traces, or of requests that the intake has answered."},
				{"trace", "trace ID", "all", "64 or 128 bits", "Notices of this trace alone."},
			},
			Example: "/api/events", Sample: "events.txt",
			Fields: []field{{"trace_id", "of the trace that has changed"}},
		},
	}
}

func traceID() parameter {
	return parameter{"{id}", "trace ID", "required", "64 or 128 bits", "Decimal or hexadecimal; of digits alone, decimal is tried first."}
}

// selecting are the parameters that say which spans to look at.
func selecting(scope search.Scope) []parameter {
	return []parameter{
		{"query", "query", "every span", "4,096 bytes", "In Datadog’s search syntax: service:api @http.status_code:>=500 -status:ok."},
		{"env", "text", "all", "1,000 bytes", "Only spans of this environment."},
		{"scope", "all, service-entry or root", scope.String(), "", "All spans; those with which a trace enters a service; those without a parent."},
		{"from", "time", "open", "", "The span started then or later."},
		{"to", "time", "open", "", "The span started before then."},
	}
}

func limit(absent, what string) parameter {
	return parameter{"limit", "number", absent, "1 to 1000", "How many " + what + " at most."}
}

// lookedAtFields say which requests an answer is of.
func lookedAtFields() []field {
	return []field{
		{"requests", "how many spans were looked at; of very many, a sample"},
		{"of", "how many there are"},
		{"traces", "that the spans looked at are in"},
		{"from", "the time that was looked at: what was asked for or, where that was open, what there is"},
		{"to", "exclusive"},
	}
}

func figureFields(prefix string) []field {
	return []field{
		{prefix + "requests", ""},
		{prefix + "errors", "requests that failed"},
		{prefix + "error_rate", "their part of all, from 0 to 1"},
		{prefix + "total", "time that all requests took together"},
		{prefix + "avg", "time that one took on average; 0 without requests"},
		{prefix + "p50", "time within which half of them were done; likewise p75 to p99"},
		{prefix + "p75", ""},
		{prefix + "p90", ""},
		{prefix + "p95", ""},
		{prefix + "p99", ""},
		{prefix + "max", "time that the longest took"},
	}
}

func groupFields(prefix string) []field {
	fields := append([]field{{prefix + "values", "in the order of by; \"\" where spans have none"}}, figureFields(prefix)...)
	fields = append(fields, field{prefix + "first_seen", "start of the earliest span; 0 without one"}, field{prefix + "last_seen", "start of the latest span"})
	for i, name := range []string{"requests", "errors", "avg", "p50", "p75", "p90", "p95", "p99", "max"} {
		means := ""
		switch i {
		case 0:
			means = "one for each part of the time, from the first; series is left out without buckets"
		case 2:
			means = "null where there were no requests; likewise in what follows"
		}
		fields = append(fields, field{prefix + "series." + name, means})
	}
	return append(fields,
		field{prefix + "distribution[].duration", "within 1 %, the shortest first; distribution is left out unless asked for"},
		field{prefix + "distribution[].requests", "that took about as long"})
}

func intakeFields() []field {
	return []field{
		{"since", "when the intake began"},
		{"payloads", "trace payloads taken in"},
		{"spans", "of these"},
		{"bytes", "of these, unpacked"},
		{"calls", "requests of every kind"},
		{"tracers[].service", "by service, at most 200; what is not known of a tracer is \"\""},
		{"tracers[].language", ""},
		{"tracers[].tracer_version", ""},
		{"tracers[].format", "of its payloads: v0.4, v1.0, …"},
		{"tracers[].env", ""},
		{"tracers[].version", "the service’s"},
		{"tracers[].payloads", ""},
		{"tracers[].spans", ""},
		{"tracers[].errors", "spans that failed"},
		{"tracers[].bytes", ""},
		{"tracers[].last_contact", ""},
		{"tracers[].clock_offset", "how far its clock seems to be ahead; negative: behind"},
		{"tracers[].clock_offset_most", "the furthest that it has been"},
		{"tracers_forgotten", "that made room for others"},
		{"losses[].reason", ""},
		{"losses[].count", ""},
		{"losses[].advice", "what to do about it"},
		{"refusals[].time", "the last 50, newest first"},
		{"refusals[].method", ""},
		{"refusals[].path", ""},
		{"refusals[].status", ""},
		{"refusals[].reason", "as in losses"},
		{"refusals[].detail", "what was wrong"},
		{"refusals[].content_type", ""},
		{"refusals[].content_length", "null where it was not announced"},
		{"refusals[].headers{}", "those that tell what the sender is"},
		{"refusals[].first_bytes", "of the body, at most 64, in hexadecimal"},
		{"requests[].time", "the last 100, newest first"},
		{"requests[].method", ""},
		{"requests[].path", ""},
		{"requests[].status", ""},
		{"requests[].bytes", "read of the body"},
		{"requests[].spans", "taken in"},
		{"requests[].service", ""},
		{"requests[].language", ""},
		{"requests[].tracer_version", ""},
		{"kept.traces", "what of all that is there"},
		{"kept.spans", ""},
		{"kept.max_spans", ""},
		{"kept.bytes", "packed in the file, without its log"},
		{"kept.max_bytes", ""},
		{"kept.oldest", "start of the earliest span; 0 for none"},
		{"kept.newest", "start of the latest span; 0 for none"},
		{"kept.evicted_traces", "that made room for newer ones"},
		{"kept.evicted_spans", ""},
		{"kept.damaged_spans", "that could not be read from the file, and were set aside"},
		{"chain[].holds", "what must be so for a trace to be found, in the order in which it meets it"},
		{"chain[].says", ""},
		{"chain[].do", "where it does not hold"},
	}
}
