package stats

import "time"

// An IntakeReport is what an intake knows of those who send to it, and of what
// it did not take in: where to look when a trace is missing. What it keeps is
// bounded, and texts in it are cut short; the counts go on.
type IntakeReport struct {
	Since    time.Time // when the intake started
	Payloads int       // trace payloads taken in, tracers' empty probes among them
	Spans    int       // of these payloads
	Bytes    int64     // of these payloads, unpacked
	Calls    int       // requests of every kind, refused ones too

	Tracers   []Tracer // by service
	Forgotten int      // tracers that made room for others

	Losses   []Loss    // the most frequent first
	Refusals []Refusal // the last ones, newest first
	Requests []Request // the last ones, newest first
}

// A TracerID tells apart those who send spans. What is not known is empty.
type TracerID struct {
	Service  string // the process's own, whatever services its spans name besides
	Language string // for example go
	Library  string // the tracing library's version
	Format   string // of its payloads, for example v0.4
	Env      string
	Version  string // the service's, from its version tag
}

// A Tracer has sent spans.
type Tracer struct {
	TracerID
	Payloads    int
	Spans       int
	Errors      int   // spans that failed
	Bytes       int64 // of the payloads, unpacked
	LastContact time.Time

	// How far the tracer's clock seems to be ahead of ours: by how much a span
	// ended later than it came. Negative where a span ended longer ago than
	// spans wait to be sent (LongAgo); 0 where neither was so. Clock is the last
	// payload's, ClockMost the one furthest from 0 so far.
	Clock, ClockMost time.Duration
}

// LongAgo is how old a span may be when it arrives without its tracer's clock
// seeming to be slow.
const LongAgo = time.Hour

// A Loss counts what was refused, dropped or left out for one reason.
type Loss struct {
	Reason string
	Count  int    // requests or single spans, as the reason says
	Advice string // what to do about it, in a sentence or two
}

// A Refusal is a request that was not taken in.
type Refusal struct {
	Time        time.Time
	Method      string
	Path        string
	Status      int    // the answer's
	Reason      string // as Losses count it
	Detail      string // what was wrong, as the sender was told
	ContentType string
	Length      int64             // of the body as its sender announced it, in bytes; -1 where it did not
	Headers     map[string]string // of the request: those that tell what its sender is
	First       []byte            // what the body begins with, as sent
}

// A Request is one that the intake has answered.
type Request struct {
	Time   time.Time
	Method string
	Path   string
	Status int
	Bytes  int64 // of the body, as far as it was read, as sent
	Spans  int   // taken in
	Tracer TracerID
}
