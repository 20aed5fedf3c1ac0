package jsonapi

import (
	_ "embed"
	"net/http"
	"strings"

	"thinker/shared/apm/api"
)

// An endpoint documents one endpoint of the API. Tests compare the API with it.
type endpoint struct {
	Method, Path string // as a pattern
	Does         string
	Parameters   []parameter
	Example      string // an address; {trace} and {service} stand for the latest trace
	Sample       string // the file in examples/ with a response; empty for an empty response
	Status       int    // of that response
	Response     any    // a value of its type; nil for an empty response
}

// A parameter is a parameter of an endpoint. Its name is in braces if it is in the path.
type parameter struct{ Name, Type, Default, Bounds, Means string }

//go:embed endpoints.txt
var documentation string

// endpoints returns all endpoints of the API, from endpoints.txt. A line "spans" stands for
// the parameters that select spans, and has the default scope.
func endpoints() (all []endpoint) {
	for section := range strings.SplitSeq(documentation, "\n\n") {
		lines := strings.Split(strings.TrimSpace(section), "\n\t")
		e := endpoint{Does: lines[1], Status: http.StatusNoContent}
		e.Method, e.Path, _ = strings.Cut(lines[0], " ")
		for _, line := range lines[2:] {
			switch kind, text, _ := strings.Cut(line, " "); kind {
			case "parameter":
				e.Parameters = append(e.Parameters, parseParameter(text))
			case "spans":
				e.Parameters = append(e.Parameters, selecting(text)...)
			case "example":
				e.Example = text
			case "response":
				e.Sample, e.Status, e.Response = text, http.StatusOK, responses()[text]
			}
		}
		all = append(all, e)
	}
	return all
}

func parseParameter(text string) parameter {
	columns := strings.Split(text, "|")
	for i, column := range columns {
		columns[i] = strings.TrimSpace(column)
	}
	return parameter{columns[0], columns[1], columns[2], columns[3], columns[4]}
}

// selecting returns the parameters that select spans.
func selecting(scope string) []parameter {
	return []parameter{
		{"query", "query", "every span", "4,096 bytes",
			"In Datadog’s query syntax: service:api @http.status_code:>=500 -status:ok."},
		{"env", "text", "all", "1,000 bytes", "Only spans of this environment."},
		{"scope", "all, service-entry or root", scope, "", "All spans, service entry spans or root spans."},
		{"from", "time", "open", "", "Only spans that started at this time or later."},
		{"to", "time", "open", "", "Only spans that started before this time."},
	}
}

// responses returns the type of each response by the file with an example.
func responses() map[string]any {
	return map[string]any{
		"traces.json": api.Traces{}, "trace.json": api.Trace{}, "outline.json": api.Outline{},
		"services.json": api.Services{}, "resources.json": api.Resources{}, "figures.json": api.Breakdown{},
		"facets.json": api.Facets{}, "time-spent.json": api.TimeSpent{}, "dependencies.json": api.Dependencies{},
		"span-summary.json": api.SpanSummary{}, "intake.json": api.Intake{}, "events.txt": api.Changed{},
	}
}
