package api

import "time"

// Intake is the response to GET /api/intake: which tracers sent spans, and what was
// refused. Lists are limited; the counts include what isn't listed any more.
type Intake struct {
	Since            Time        `json:"since" doc:"when the intake started"`
	Payloads         int         `json:"payloads" doc:"accepted trace payloads"`
	Spans            int         `json:"spans" doc:"accepted spans"`
	Bytes            int64       `json:"bytes" doc:"size of the accepted payloads, uncompressed"`
	Calls            int         `json:"calls" doc:"all requests"`
	Tracers          []Tracer    `json:"tracers"`
	TracersForgotten int         `json:"tracers_forgotten" doc:"older tracers that are no longer listed"`
	Losses           []Loss      `json:"losses"`
	Refusals         []Refusal   `json:"refusals"`
	Requests         []Request   `json:"requests"`
	Kept             Kept        `json:"kept"`
	Chain            []Condition `json:"chain"`
}

// A Tracer has sent spans.
type Tracer struct {
	Service         string        `json:"service" doc:"at most 200 tracers, by service; unknown values are \"\""`
	Language        string        `json:"language"`
	TracerVersion   string        `json:"tracer_version"`
	Format          string        `json:"format" doc:"format of its payloads: v0.4, v1.0, …"`
	Env             string        `json:"env"`
	Version         string        `json:"version" doc:"version of the service"`
	Payloads        int           `json:"payloads"`
	Spans           int           `json:"spans"`
	Errors          int           `json:"errors" doc:"spans with an error"`
	Bytes           int64         `json:"bytes"`
	LastContact     Time          `json:"last_contact"`
	ClockOffset     time.Duration `json:"clock_offset" doc:"estimated clock skew: positive is ahead, negative is behind"`
	ClockOffsetMost time.Duration `json:"clock_offset_most" doc:"largest estimated clock skew"`
}

// A Loss counts what was refused, dropped or evicted for one reason.
type Loss struct {
	Reason string `json:"reason"`
	Count  int    `json:"count"`
	Advice string `json:"advice" doc:"what to do about it"`
}

// A Refusal is a request that the intake refused.
type Refusal struct {
	Time          Time              `json:"time" doc:"the last 50, newest first"`
	Method        string            `json:"method"`
	Path          string            `json:"path"`
	Status        int               `json:"status"`
	Reason        string            `json:"reason" doc:"same as in losses"`
	Detail        string            `json:"detail" doc:"what was wrong"`
	ContentType   string            `json:"content_type"`
	ContentLength *int64            `json:"content_length" doc:"null without a Content-Length"`
	Headers       map[string]string `json:"headers" doc:"headers that identify the sender"`
	FirstBytes    string            `json:"first_bytes" doc:"up to 64 bytes of the body in hexadecimal"`
}

// A Request is a request to the intake.
type Request struct {
	Time          Time   `json:"time" doc:"the last 100, newest first"`
	Method        string `json:"method"`
	Path          string `json:"path"`
	Status        int    `json:"status"`
	Bytes         int64  `json:"bytes" doc:"size of the body"`
	Spans         int    `json:"spans" doc:"accepted spans"`
	Service       string `json:"service"`
	Language      string `json:"language"`
	TracerVersion string `json:"tracer_version"`
}

// Kept counts what is stored, and what isn't any more.
type Kept struct {
	Traces        int   `json:"traces" doc:"stored traces"`
	Spans         int   `json:"spans" doc:"stored spans"`
	MaxSpans      int   `json:"max_spans"`
	Bytes         int   `json:"bytes" doc:"size of the stored spans on disk, without their log"`
	MaxBytes      int   `json:"max_bytes"`
	Oldest        int64 `json:"oldest" doc:"start of the earliest stored span; 0 for none"`
	Newest        int64 `json:"newest" doc:"start of the latest stored span; 0 for none"`
	EvictedTraces int   `json:"evicted_traces" doc:"evicted to make room for newer traces"`
	EvictedSpans  int   `json:"evicted_spans"`
	DamagedSpans  int   `json:"damaged_spans" doc:"could not be read from disk and were set aside"`
}

// A Condition is one of the conditions for a trace to be found, in the order in which the
// trace meets them.
type Condition struct {
	Holds bool   `json:"holds" doc:"whether this condition for finding a trace holds; the first that doesn’t says why a trace is missing"`
	Says  string `json:"says"`
	Do    string `json:"do" doc:"the next step if it doesn’t hold"`
}

// A Time is a moment in RFC 3339, in UTC and with milliseconds.
type Time struct{ time.Time }

// MarshalJSON writes the time as a string.
func (t Time) MarshalJSON() ([]byte, error) {
	return []byte(t.UTC().Format(`"2006-01-02T15:04:05.000Z"`)), nil
}
