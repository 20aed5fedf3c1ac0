package runner

import (
	"os"
	"slices"
	"strconv"
	"strings"
)

// A Variable is an environment variable that would make a service's tracer hide or
// change its traces. A shell may have set it for other programs.
type Variable struct {
	Name string
	// Effect returns what the tracer does because of a value: "sends no traces".
	// It returns "" for a value that changes nothing.
	Effect func(value string) string
	// Harmless marks an effect that doesn't show with the workshop's services and
	// agent, but does elsewhere.
	Harmless bool
}

// Misleading returns the variables that services don't get if their value has an
// effect on dd-trace-go. The variables that choose the agent aren't in the list,
// because the workshop sets them.
func Misleading() []Variable {
	const (
		off      = "sends no traces"
		sampled  = "marks traces to be dropped. The agent here still shows them, but Datadog would not"
		named    = "gives that name to services without a name in their code. The workshop's services have one"
		exported = "sends its spans to an OpenTelemetry collector instead of the agent"
		restarts = "starts a new trace for each request instead of continuing the caller's"
		judges   = "uses this list to decide which responses are errors"
	)
	return []Variable{
		{"DD_TRACE_ENABLED", ifBool(false, off), false},
		{"OTEL_SDK_DISABLED", ifBool(true, off), false},
		{"OTEL_TRACES_EXPORTER", anyOf(ifValue("none", off), ifValue("otlp", exported)), false},
		{"DD_TRACE_OTEL_SEMANTICS_ENABLED", ifBool(true, exported), false},
		{"DD_APM_TRACING_ENABLED", ifBool(false, "sends one trace per minute and propagates none"), false},
		{"DD_CIVISIBILITY_ENABLED", ifBool(true, "sends its spans as test results, not as traces"), false},
		{"AWS_LAMBDA_FUNCTION_NAME", always("writes its spans to its output instead of sending them"), false},
		{"DD_TRACE_PROPAGATION_STYLE", without("datadog", "neither sends nor reads Datadog's headers, which the steps are about"), false},
		{"DD_TRACE_PROPAGATION_STYLE_INJECT", without("datadog", "doesn't send Datadog's headers, which the steps are about"), false},
		{"DD_TRACE_PROPAGATION_STYLE_EXTRACT", without("datadog", "doesn't read Datadog's headers, which the steps are about"), false},
		{"DD_TRACE_PROPAGATION_BEHAVIOR_EXTRACT", anyOf(ifValue("restart", restarts), ifValue("ignore", restarts)), false},
		{"OTEL_PROPAGATORS", without("datadog", "neither sends nor reads Datadog's headers, which the steps are about"), false},
		{"DD_SERVICE_MAPPING", always("renames services"), false},
		{"DD_TAGS", withTags(":", "service.name", "span.name", "resource.name", "span.type", "error", "subject"), false},
		// Its service.name becomes the service of a program that has none.
		{"OTEL_RESOURCE_ATTRIBUTES", withTags("=", "span.name", "resource.name", "span.type", "error", "subject"), false},
		{"DD_TRACE_HTTP_SERVER_ERROR_STATUSES", always(judges), false},
		{"DD_TRACE_HTTP_CLIENT_ERROR_STATUSES", always(judges), false},
		{"DD_TRACE_SPAN_ATTRIBUTE_SCHEMA", ifValue("v1", "renames operations"), false},
		{"DD_TRACE_REMOVE_INTEGRATION_SERVICE_NAMES_ENABLED", ifBool(true, "shows SQLite and Redis under the name of the service that calls them"), false},
		{"DD_SERVICE", always(named), true},
		{"OTEL_SERVICE_NAME", always(named), true},
		{"DD_TRACE_SAMPLE_RATE", always(sampled), true},
		{"DD_TRACE_SAMPLING_RULES", always(sampled), true},
		{"DD_TRACE_SAMPLING_RULES_FILE", always(sampled), true},
		{"DD_TRACE_RATE_LIMIT", always(sampled), true},
		{"OTEL_TRACES_SAMPLER", always(sampled), true},
	}
}

func always(effect string) func(string) string { return func(string) string { return effect } }

func ifValue(want, effect string) func(string) string {
	return func(value string) string {
		if strings.EqualFold(strings.TrimSpace(value), want) {
			return effect
		}
		return ""
	}
}

func ifBool(want bool, effect string) func(string) string {
	return func(value string) string {
		if is, err := strconv.ParseBool(value); err == nil && is == want {
			return effect
		}
		return ""
	}
}

// without has an effect if a list doesn't contain a word.
func without(word, effect string) func(string) string {
	return func(value string) string {
		if value == "" || slices.Contains(strings.Split(strings.ToLower(value), ","), word) {
			return ""
		}
		return effect
	}
}

// anyOf returns the first effect that a value has.
func anyOf(effects ...func(string) string) func(string) string {
	return func(value string) string {
		for _, effect := range effects {
			if found := effect(value); found != "" {
				return found
			}
		}
		return ""
	}
}

// withTags has an effect if a list of tags for every span contains a misleading one.
// The tracer uses some tags as a span's service, name or error; the lessons use subject.
func withTags(delimiter string, misleading ...string) func(string) string {
	return func(value string) string {
		separator := " "
		if strings.Contains(value, ",") {
			separator = ","
		}
		var found []string
		for tag := range strings.SplitSeq(value, separator) {
			name, _, _ := strings.Cut(tag, delimiter)
			if name = strings.TrimSpace(name); slices.Contains(misleading, name) {
				found = append(found, name)
			}
		}
		if len(found) == 0 {
			return ""
		}
		return "replaces " + strings.Join(found, " and ") + " of every span"
	}
}

// environment returns this process's environment without the misleading variables.
// It also removes them if they are empty: the tracer accepts an empty name of a Lambda
// function.
func environment() []string {
	effects := map[string]func(string) string{}
	for _, v := range Misleading() {
		effects[v.Name] = v.Effect
	}
	return slices.DeleteFunc(os.Environ(), func(entry string) bool {
		name, value, _ := strings.Cut(entry, "=")
		effect := effects[name]
		return effect != nil && (value == "" || effect(value) != "")
	})
}
