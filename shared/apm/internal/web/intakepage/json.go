package intakepage

import (
	"encoding/hex"
	"net/http"

	"thinker/shared/apm/api"
	"thinker/shared/apm/internal/web/page"
)

// sendJSON serves GET /api/intake.
func (r room) sendJSON(rw http.ResponseWriter, _ *http.Request) error {
	report, kept := r.Intake.Report(), r.Traces.Retention()
	response := api.Intake{
		Since: api.Time{Time: report.Since}, Payloads: report.Payloads, Spans: report.Spans, Bytes: report.Bytes, Calls: report.Calls,
		Tracers: []api.Tracer{}, TracersForgotten: report.Forgotten,
		Losses: []api.Loss{}, Refusals: []api.Refusal{}, Requests: []api.Request{},
		Kept: api.Kept{
			Traces: kept.Traces, Spans: kept.Spans, MaxSpans: kept.MaxSpans, Bytes: kept.Bytes, MaxBytes: kept.MaxBytes,
			Oldest: kept.Oldest, Newest: kept.Newest,
			EvictedTraces: kept.EvictedTraces, EvictedSpans: kept.EvictedSpans, DamagedSpans: kept.DamagedSpans,
		},
	}
	for _, link := range chain(report, kept) {
		response.Chain = append(response.Chain, link.Condition)
	}
	for _, t := range report.Tracers {
		response.Tracers = append(response.Tracers, api.Tracer{
			Service: t.Service, Language: t.Language, TracerVersion: t.Library, Format: t.Format, Env: t.Env, Version: t.Version,
			Payloads: t.Payloads, Spans: t.Spans, Errors: t.Errors, Bytes: t.Bytes, LastContact: api.Time{Time: t.LastContact},
			ClockOffset: t.Clock, ClockOffsetMost: t.ClockMost,
		})
	}
	for _, l := range losses(report, kept) {
		response.Losses = append(response.Losses, api.Loss(l))
	}
	for _, r := range report.Refusals {
		refusal := api.Refusal{
			Time: api.Time{Time: r.Time}, Method: r.Method, Path: r.Path, Status: r.Status, Reason: r.Reason, Detail: r.Detail,
			ContentType: r.ContentType, Headers: r.Headers, FirstBytes: hex.EncodeToString(r.First),
		}
		if r.Length >= 0 {
			refusal.ContentLength = &r.Length
		}
		if refusal.Headers == nil {
			refusal.Headers = map[string]string{}
		}
		response.Refusals = append(response.Refusals, refusal)
	}
	for _, r := range report.Requests {
		response.Requests = append(response.Requests, api.Request{
			Time: api.Time{Time: r.Time}, Method: r.Method, Path: r.Path, Status: r.Status, Bytes: r.Bytes, Spans: r.Spans,
			Service: r.Tracer.Service, Language: r.Tracer.Language, TracerVersion: r.Tracer.Library,
		})
	}
	return page.SendJSON(rw, response)
}
