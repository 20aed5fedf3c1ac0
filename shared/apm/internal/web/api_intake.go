package web

import (
	"encoding/hex"
	"net/http"
	"slices"
	"time"

	"thinker/shared/apm/internal/stats"
)

// A jsonIntake is the answer to GET /api/intake: who has sent spans, and what
// was not taken in. Times are RFC 3339 in UTC with milliseconds, durations
// nanoseconds. Lists are bounded, so that forgotten tracers, refusals and
// requests are missing in them; the counts include those.
type jsonIntake struct {
	Since            string        `json:"since"`    // when the intake started
	Payloads         int           `json:"payloads"` // trace payloads taken in
	Spans            int           `json:"spans"`    // of these
	Bytes            int64         `json:"bytes"`    // of these, unpacked
	Calls            int           `json:"calls"`    // requests of every kind
	Tracers          []jsonTracer  `json:"tracers"`  // by service; at most 200
	TracersForgotten int           `json:"tracers_forgotten"`
	Losses           []jsonLoss    `json:"losses"`   // by reason, evictions too
	Refusals         []jsonRefusal `json:"refusals"` // the last 50, newest first
	Requests         []jsonRequest `json:"requests"` // the last 100, newest first
	Kept             jsonKept      `json:"kept"`
	Chain            []chainLink   `json:"chain"` // as the page Intake has it
}

// A jsonKept says what of all that was taken in is there.
type jsonKept struct {
	Traces        int   `json:"traces"`
	Spans         int   `json:"spans"`
	MaxSpans      int   `json:"max_spans"`
	Bytes         int   `json:"bytes"` // of the file's segments; the file is a little larger
	MaxBytes      int   `json:"max_bytes"`
	Oldest        int64 `json:"oldest"` // start of the earliest span; 0 for none
	Newest        int64 `json:"newest"` // start of the latest span; 0 for none
	EvictedTraces int   `json:"evicted_traces"`
	EvictedSpans  int   `json:"evicted_spans"`
	DamagedSpans  int   `json:"damaged_spans"`
}

// A jsonTracer has sent spans. What is not known of it is "".
type jsonTracer struct {
	Service       string `json:"service"`
	Language      string `json:"language"`
	TracerVersion string `json:"tracer_version"`
	Format        string `json:"format"` // v0.4, v0.4 JSON, …
	Env           string `json:"env"`
	Version       string `json:"version"` // the service's version tag
	Payloads      int    `json:"payloads"`
	Spans         int    `json:"spans"`
	Errors        int    `json:"errors"` // spans that failed
	Bytes         int64  `json:"bytes"`  // unpacked
	LastContact   string `json:"last_contact"`
	// How far its clock seems to be ahead; negative where spans came that are
	// hours old. The last payload's, and the one furthest from 0.
	ClockOffset     int64 `json:"clock_offset"`
	ClockOffsetMost int64 `json:"clock_offset_most"`
}

type jsonLoss struct {
	Reason string `json:"reason"`
	Count  int    `json:"count"`
	Advice string `json:"advice"` // what to do about it
}

type jsonRefusal struct {
	Time          string            `json:"time"`
	Method        string            `json:"method"`
	Path          string            `json:"path"`
	Status        int               `json:"status"`
	Reason        string            `json:"reason"` // as in losses
	Detail        string            `json:"detail"` // what was wrong
	ContentType   string            `json:"content_type"`
	ContentLength *int64            `json:"content_length"` // null where it was not announced
	Headers       map[string]string `json:"headers"`        // those that tell what the sender is
	FirstBytes    string            `json:"first_bytes"`    // of the body as sent, at most 64, in hexadecimal
}

type jsonRequest struct {
	Time          string `json:"time"`
	Method        string `json:"method"`
	Path          string `json:"path"`
	Status        int    `json:"status"`
	Bytes         int64  `json:"bytes"` // read of the body, as sent
	Spans         int    `json:"spans"` // taken in
	Service       string `json:"service"`
	Language      string `json:"language"`
	TracerVersion string `json:"tracer_version"`
}

// apiIntake serves GET /api/intake.
func (w *Web) apiIntake(rw http.ResponseWriter, _ *http.Request) error {
	report, kept := w.Intake.Report(), w.Traces.Retention()
	answer := jsonIntake{
		Since: jsonTime(report.Since), Payloads: report.Payloads, Spans: report.Spans, Bytes: report.Bytes, Calls: report.Calls,
		Tracers: []jsonTracer{}, TracersForgotten: report.Forgotten,
		Losses: []jsonLoss{}, Refusals: []jsonRefusal{}, Requests: []jsonRequest{},
		Kept:  jsonKept{kept.Traces, kept.Spans, kept.MaxSpans, kept.Bytes, kept.MaxBytes, kept.Oldest, kept.Newest, kept.EvictedTraces, kept.EvictedSpans, kept.DamagedSpans},
		Chain: chain(report, kept),
	}
	for _, t := range report.Tracers {
		answer.Tracers = append(answer.Tracers, jsonTracer{
			t.Service, t.Language, t.Library, t.Format, t.Env, t.Version,
			t.Payloads, t.Spans, t.Errors, t.Bytes, jsonTime(t.LastContact), int64(t.Clock), int64(t.ClockMost),
		})
	}
	for _, l := range losses(report, kept) {
		answer.Losses = append(answer.Losses, jsonLoss(l))
	}
	for _, r := range report.Refusals {
		answer.Refusals = append(answer.Refusals, jsonRefusal{
			jsonTime(r.Time), r.Method, r.Path, r.Status, r.Reason, r.Detail,
			r.ContentType, announced(r), orEmpty(r.Headers), hex.EncodeToString(r.First),
		})
	}
	for _, r := range report.Requests {
		answer.Requests = append(answer.Requests, jsonRequest{
			jsonTime(r.Time), r.Method, r.Path, r.Status, r.Bytes, r.Spans, r.Tracer.Service, r.Tracer.Language, r.Tracer.Library,
		})
	}
	return writeJSON(rw, answer)
}

func jsonTime(at time.Time) string { return moment{at.UTC()}.Machine() }

// announced returns the Content-Length of a refused request; nil without one.
func announced(r stats.Refusal) *int64 {
	if r.Length < 0 {
		return nil
	}
	return &r.Length
}

// losses returns the intake's losses and the store's.
func losses(report stats.IntakeReport, kept stats.Retention) []stats.Loss {
	all := slices.Clone(report.Losses)
	if kept.EvictedTraces > 0 {
		all = append(all, stats.Loss{Reason: "trace evicted", Count: kept.EvictedTraces, Advice: "It made room for newer traces. To store more, start the agent with a larger --max-spans or --max-bytes."})
	}
	if kept.DamagedSpans > 0 {
		all = append(all, stats.Loss{Reason: "span damaged in the file", Count: kept.DamagedSpans, Advice: "A part of the trace file could not be read and was set aside. The disk may be failing. The agent's log has details."})
	}
	if kept.FileGone {
		all = append(all, stats.Loss{Reason: "trace file removed", Count: 1, Advice: "The file was removed while the agent had it open. Restart the agent to create a new one. Traces that arrive before that will be lost."})
	}
	return all
}
