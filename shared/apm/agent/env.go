package agent

// Env is what a program's environment must hold for its tracer to report to
// this agent, and to say and send nothing else: NAME=value each.
func (a *Agent) Env() []string {
	return []string{
		"DD_TRACE_AGENT_URL=" + a.url,
		"DD_TRACE_STARTUP_LOGS=false",
		"DD_INSTRUMENTATION_TELEMETRY_ENABLED=false",
		"DD_RUNTIME_METRICS_V2_ENABLED=false",
	}
}
