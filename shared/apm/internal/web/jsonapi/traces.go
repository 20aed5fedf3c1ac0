package jsonapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strings"

	"thinker/shared/apm"
	"thinker/shared/apm/api"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
)

// traces lists the traces with a span that matches the query, the newest first.
func (s server) traces(r *http.Request) (any, error) {
	request, err := parseSearch(r)
	if err != nil {
		return nil, err
	}
	summaries, next, err := s.Traces.Search(r.Context(), request)
	if err != nil {
		return nil, err
	}
	response := api.Traces{Traces: convert(summaries, func(t apm.Summary) api.Summary {
		return api.Summary{
			TraceID: api.ID(t.TraceID), Service: t.Service, Name: t.Name, Resource: t.Resource,
			Start: t.Start, Duration: t.Duration, Spans: t.Spans, Errors: t.Errors,
		}
	})}
	if next != 0 {
		response.Next = new(api.ID(next))
	}
	return response, nil
}

func parseSearch(r *http.Request) (request query.Request, err error) {
	if request.Selection, err = page.ParseSelection(r, query.AllSpans); err != nil {
		return request, err
	}
	if request.Limit, err = parseLimit(r, 50); err != nil {
		return request, err
	}
	request.Before, err = page.ParseNumber(r, "cursor", 0, 0, math.MaxUint64)
	return request, err
}

// parseLimit returns the maximum number of elements of a list.
func parseLimit(r *http.Request, absent uint64) (int, error) {
	limit, err := page.ParseNumber(r, "limit", absent, 1, 1000)
	return int(limit), err
}

// clear deletes all traces.
func (s server) clear(rw http.ResponseWriter, r *http.Request) error {
	if err := s.Traces.Clear(r.Context()); err != nil {
		return fmt.Errorf("clear the traces: %w", err)
	}
	rw.WriteHeader(http.StatusNoContent)
	return nil
}

// trace sends one trace with all its spans. It writes them one by one, so the trace may be
// larger than memory.
func (s server) trace(rw http.ResponseWriter, r *http.Request) error {
	ids, err := page.ParseTraceIDs(r.PathValue("id"))
	if err != nil {
		return err
	}
	download, err := page.ParseBool(r, "download")
	if err != nil {
		return err
	}
	for _, id := range ids {
		out := traceWriter{site: s.Site, rw: rw, r: r, id: id, download: download}
		found, err := s.Traces.EachSpan(r.Context(), id, out.write)
		if err == nil && found {
			err = out.close()
		}
		if out.end != nil {
			out.end()
		}
		switch {
		case err != nil && out.end != nil:
			s.Logger.ErrorContext(r.Context(), "abort the response with a trace", "trace", id, "error", err)
			panic(http.ErrAbortHandler) // so that the client notices
		case err != nil:
			return fmt.Errorf("read trace %d: %w", id, err)
		case found:
			return nil
		}
	}
	return page.ErrNoTrace
}

// A traceWriter writes an api.Trace; a large one in parts.
type traceWriter struct {
	site     *page.Site
	rw       http.ResponseWriter
	r        *http.Request
	id       uint64
	download bool
	buffer   bytes.Buffer
	spans    int
	end      func() // of the export; nil until a part has been sent
}

func (t *traceWriter) write(high uint64, span *apm.Span) error {
	const part = 1 << 20 // bytes
	separator := ","
	if t.spans == 0 {
		head := api.Trace{TraceID: api.ID(t.id), TraceIDHex: apm.HexID(high, t.id), Spans: []api.Span{}}
		text, err := json.Marshal(head)
		if err != nil {
			return fmt.Errorf("encode response: %w", err)
		}
		separator = strings.TrimSuffix(string(text), "]}")
	}
	t.spans++
	t.buffer.WriteString(separator)
	if err := json.NewEncoder(&t.buffer).Encode(api.NewSpan(span)); err != nil {
		return fmt.Errorf("encode response: %w", err)
	}
	t.buffer.Truncate(t.buffer.Len() - 1) // a line break
	if t.buffer.Len() < part {
		return nil
	}
	if t.end == nil {
		end, err := t.site.BeginExport(t.r.Context(), t.rw)
		if err != nil {
			return err
		}
		t.end = end
		t.setHeader()
	}
	_, err := t.buffer.WriteTo(t.rw)
	return err
}

func (t *traceWriter) setHeader() {
	t.rw.Header().Set("Content-Type", "application/json")
	if t.download {
		t.rw.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="trace-%d.json"`, t.id))
	}
}

func (t *traceWriter) close() error {
	t.buffer.WriteString("]}\n")
	if t.end == nil {
		t.setHeader()
		return page.Send(t.rw, http.StatusOK, "application/json", &t.buffer)
	}
	_, err := t.buffer.WriteTo(t.rw)
	return err
}
