package jsonapi

import (
	"net/http"

	"thinker/shared/apm/api"
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
	Response   any    // a value of its type; nil for an empty response
}

// A parameter is a parameter of an endpoint.
type parameter struct {
	Name    string // in braces if it is in the path
	Type    string
	Default string
	Bounds  string
	Means   string
}

// endpoints returns all endpoints of the API.
func endpoints() []endpoint {
	return []endpoint{
		{
			Method: http.MethodGet, Path: "/api/traces", Status: http.StatusOK,
			Does:       "Lists traces with a matching span. The trace that arrived last comes first.",
			Parameters: append(selecting(query.AllSpans), limit("50", "traces"), parameter{"cursor", "number", "none", "", "Continues after a previous response: its next."}),
			Example:    "/api/traces?query=status:error&limit=10", Sample: "traces.json",
			Response: api.Traces{},
		},
		{
			Method: http.MethodGet, Path: "/api/traces/{id}", Status: http.StatusOK,
			Does: "Returns one trace with all its spans, ordered by start. apm export writes this format and apm import reads it.",
			Parameters: []parameter{
				traceID(),
				{"download", "true or false", "false", "", "Makes browsers save the response as a file."},
			},
			Example: "/api/traces/{trace}", Sample: "trace.json",
			Response: api.Trace{},
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
			Response: api.Outline{},
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
			Response: api.Services{},
		},
		{
			Method: http.MethodGet, Path: "/api/services/{service}/resources", Status: http.StatusOK,
			Does: "Lists a service’s resources with their figures. The resource with the most requests comes first.",
			Parameters: append([]parameter{{"{service}", "text", "required", "", "The service’s exact name. Write a slash as %2F."}},
				append(selecting(query.ServiceEntrySpans),
					parameter{"operation", "text", "all", "1,000 bytes", "Only spans of this operation. Add scope=all if it isn’t a service entry operation."},
					limit("100", "resources"))...),
			Example: "/api/services/{service}/resources", Sample: "resources.json",
			Response: api.Resources{},
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
			Response: api.Breakdown{},
		},
		{
			Method: http.MethodGet, Path: "/api/facets", Status: http.StatusOK,
			Does: "Counts the values of attributes. The most common value comes first.",
			Parameters: append(selecting(query.AllSpans),
				parameter{"field", "attribute", "all", "up to 20", "An attribute such as service or @http.status_code. Repeat it for several. The default is the 100 most common attributes."},
				limit("10", "values of each")),
			Example: "/api/facets?field=service&field=@http.status_code", Sample: "facets.json",
			Response: api.Facets{},
		},
		{
			Method: http.MethodGet, Path: "/api/time-spent", Status: http.StatusOK,
			Does:       "Returns the execution time of the matching spans and of all spans below them, by service. The service with the most execution time comes first.",
			Parameters: append(selecting(query.ServiceEntrySpans), parameter{"buckets", "number", "0", "0 to 200", "Returns series with this many buckets."}),
			Example:    "/api/time-spent?query=service:{service}&buckets=3", Sample: "time-spent.json",
			Response: api.TimeSpent{},
		},
		{
			Method: http.MethodGet, Path: "/api/dependencies", Status: http.StatusOK,
			Does:       "Returns the calls between services upstream and downstream of the matching spans. A call is a span whose parent belongs to another service.",
			Parameters: selecting(query.ServiceEntrySpans),
			Example:    "/api/dependencies?query=service:{service}", Sample: "dependencies.json",
			Response: api.Dependencies{},
		},
		{
			Method: http.MethodGet, Path: "/api/span-summary", Status: http.StatusOK,
			Does:       "Returns the Span summary of the matching spans and all spans below them, at most 500 rows. The row with the most execution time comes first.",
			Parameters: selecting(query.ServiceEntrySpans),
			Example:    "/api/span-summary?query=service:{service}", Sample: "span-summary.json",
			Response: api.SpanSummary{},
		},
		{
			Method: http.MethodGet, Path: "/api/intake", Status: http.StatusOK,
			Does:    "Returns which tracers sent spans, and what was refused. Times are strings in RFC 3339 and UTC, except kept.oldest and kept.newest.",
			Example: "/api/intake", Sample: "intake.json",
			Response: api.Intake{},
		},
		{
			Method: http.MethodGet, Path: "/api/events", Status: http.StatusOK,
			Does: "Streams server-sent events: one for each trace that changed. Fetch the trace to see the change.",
			Parameters: []parameter{
				{"kind", "trace or intake", "trace", "", "Events for changed traces, or for requests to the intake."},
				{"trace", "trace ID", "all", "64 or 128 bits", "Only events of this trace."},
			},
			Example: "/api/events", Sample: "events.txt",
			Response: api.Changed{},
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
