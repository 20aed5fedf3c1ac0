package intake

// Reasons why something was not taken in, as Stats and the Report count them.
const (
	reasonBrowser   = "sent by a web page"
	reasonMethod    = "method not allowed"
	reasonPath      = "unknown path"
	reasonEncoding  = "unknown content encoding"
	reasonTooLarge  = "too large"
	reasonSlow      = "too slow"
	reasonMalformed = "malformed"
	reasonNotKept   = "could not be kept"
	reasonFull      = "disk full"
	reasonBusy      = "dropped: too busy"
	reasonNoID      = "span without trace or span ID"
	reasonNilSpan   = "nil span"
)

// advice says what the sender's owner can do about a reason.
func advice(reason string) string {
	switch reason {
	case reasonBrowser:
		return "Send from a program, not from a page. If a proxy stands between, keep it from adding Origin and Sec-Fetch-Site."
	case reasonMethod:
		return "Tracers send spans with POST or PUT. Something else called, or a proxy on the way changed the method: often by following a redirect."
	case reasonPath:
		return "Only Datadog's formats are taken in, from /v0.3/traces to /v1.0/traces; the tracer is to be given this address without any path. An OpenTelemetry exporter sends to /v1/traces, and Zipkin's to /api/v2/spans: use a Datadog tracer instead."
	case reasonEncoding:
		return "Switch the sender's compression off, or that of the proxy between, or have it use gzip."
	case reasonTooLarge:
		return "Have the tracer send more often, or trace less: a payload may have 25 MiB, packed and unpacked, and some 40,000 spans. The refusal says which bound it is over."
	case reasonSlow:
		return "The sender, or a proxy between, stopped in the middle of a payload, or sent it too slowly. Look for one that was stopped or overloaded, or for a connection that hangs."
	case reasonMalformed:
		return "Compare what came with the path's format. MessagePack begins with 8, 9, dc or dd; JSON with 5b; gzip, which must be announced, with 1f 8b; protobuf, which is not taken in, mostly with 0a. If it begins as it should, it was cut off on its way, or the tracer is of a version not known here."
	case reasonNotKept:
		return "This is the agent's own fault, and its log says why."
	case reasonFull:
		return "Make room on the disk that the agent keeps its file on, and spans are taken in again; what was taken in before is still there. Or start the agent with --db and a file on another disk."
	case reasonBusy:
		return "More came than the agent could take in, and payloads waited until their time was up. Trace less at a time, or give the agent more of the machine."
	case reasonNoID:
		return "The tracer sent spans that belong to no trace, and they were left out. Look for code that makes its own IDs, and update the tracer."
	case reasonNilSpan:
		return "The tracer sent a place for a span with nothing in it. The other spans were kept; an update of the tracer may end it."
	default:
		return ""
	}
}
