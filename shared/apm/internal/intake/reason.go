package intake

// Reasons for refusing a request or a span.
const (
	reasonBrowser   = "sent by a web page"
	reasonMethod    = "method not allowed"
	reasonPath      = "unknown path"
	reasonEncoding  = "unknown content encoding"
	reasonTooLarge  = "too large"
	reasonSlow      = "too slow"
	reasonMalformed = "malformed"
	reasonNotStored = "could not be stored"
	reasonFull      = "disk full"
	reasonBusy      = "dropped: too busy"
	reasonNoID      = "span without trace or span ID"
	reasonNilSpan   = "nil span"
)

// advice returns what to do about a reason.
func advice(reason string) string {
	switch reason {
	case reasonBrowser:
		return "Send spans from a program, not from a web page. " +
			"If there is a proxy in between, stop it from adding Origin and Sec-Fetch-Site."
	case reasonMethod:
		return "Tracers use POST or PUT. " +
			"Either another program sent the request, or a proxy changed its method, often by following a redirect."
	case reasonPath:
		return "The agent accepts only Datadog's formats, /v0.3/traces to /v1.0/traces. " +
			"Give the tracer this address without a path. " +
			"OpenTelemetry exporters send to /v1/traces and Zipkin to /api/v2/spans: use a Datadog tracer instead."
	case reasonEncoding:
		return "Turn off compression in the sender or in the proxy in between, or use gzip."
	case reasonTooLarge:
		return "Send smaller payloads more often, or trace less. " +
			"A payload may have 25 MiB, compressed and uncompressed, and about 40,000 spans. " +
			"The error says which limit was exceeded."
	case reasonSlow:
		return "The sender or a proxy stopped in the middle of a payload, or sent it too slowly. " +
			"Look for a stopped or overloaded program, or for a connection that hangs."
	case reasonMalformed:
		return "Compare the first bytes with the format of the path. " +
			"MessagePack starts with 8, 9, dc or dd; JSON with 5b; gzip with 1f 8b. " +
			"Gzip also needs Content-Encoding. Protobuf usually starts with 0a and is not supported. " +
			"If the start is right, the payload was truncated, or the agent doesn't know this tracer version's format."
	case reasonNotStored:
		return "This is an error of the agent. See its log."
	case reasonFull:
		return "Free space on the disk that stores the traces. " +
			"The agent then accepts spans again, and earlier traces are still there. " +
			"Or restart the agent with --db and a directory on another disk."
	case reasonBusy:
		return "Spans arrived faster than the agent could store them, and payloads timed out. " +
			"Send less at a time, or give the agent more CPU."
	case reasonNoID:
		return "These spans have no trace ID or no span ID, so they were dropped. " +
			"Look for code that makes its own IDs, and update the tracer."
	case reasonNilSpan:
		return "The tracer sent an empty span. The other spans were stored. Updating the tracer may help."
	}
	return ""
}
