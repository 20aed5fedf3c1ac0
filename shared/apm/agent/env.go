package agent

// Env returns the variables, each as NAME=value, that make a program's tracer send its
// spans to this agent, and print and send nothing else.
func (a *Agent) Env() []string {
	return []string{
		"DD_TRACE_AGENT_URL=" + a.url,
		"DD_TRACE_STARTUP_LOGS=false",
		"DD_INSTRUMENTATION_TELEMETRY_ENABLED=false",
		"DD_RUNTIME_METRICS_V2_ENABLED=false",
	}
}
