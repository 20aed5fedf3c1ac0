package intake

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"thinker/shared/apm/api"
	"thinker/shared/apm/format"
)

// A call is a request that is being served, and what is known about it so far.
type call struct {
	w           http.ResponseWriter
	r           *http.Request
	at          time.Time
	body        *slowReader
	reservation reservation
	spans       int // stored
	tracer      tracerID
	reply       string // of a refusal that hides its reason; empty: it shows it
}

// newCall returns a call whose request has a body that records how it arrives.
func newCall(w http.ResponseWriter, r *http.Request) *call {
	body := &slowReader{ReadCloser: r.Body, connection: http.NewResponseController(w)}
	watched := *r
	watched.Body = body
	return &call{w: w, r: &watched, at: time.Now(), body: body, tracer: tracerOf(r.Header)}
}

// respond writes a short text, as JSON if it looks like it.
func (c *call) respond(status int, reply string) error {
	contentType := "text/plain; charset=utf-8"
	if strings.HasPrefix(reply, "{") {
		contentType = "application/json"
	}
	c.w.Header().Set("Content-Type", contentType)
	c.w.WriteHeader(status)
	_, _ = io.WriteString(c.w, reply) // an error means that the tracer disconnected
	return nil
}

// A busyError reports that something took longer than maxWait, or longer than the sender
// waited.
type busyError struct{ error }

func (b busyError) Unwrap() error { return b.error }

// wait calls a function that may block, with a context that limits how long.
func (c *call) wait(do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(c.r.Context(), maxWait)
	defer cancel()
	err := do(ctx)
	if errors.Is(err, context.DeadlineExceeded) || (errors.Is(err, context.Canceled) && ctx.Err() != nil) {
		return busyError{err}
	}
	return err
}

// summary returns the request for the report.
func (c *call) summary(status int) api.Request {
	return api.Request{
		Time: api.Time{Time: c.at}, Method: brief(c.r.Method), Path: brief(c.r.URL.Path), Status: status,
		Bytes: c.body.length, Spans: c.spans,
		Service: c.tracer.service, Language: c.tracer.language, TracerVersion: c.tracer.library,
	}
}

// refusal returns the request for the report's list of refusals.
func (c *call) refusal(refused refusal) api.Refusal {
	headers := map[string]string{}
	for _, name := range []string{
		"Datadog-Meta-Lang", "Datadog-Meta-Lang-Version", "Datadog-Meta-Tracer-Version", "X-Datadog-Trace-Count",
		"User-Agent", "Content-Encoding", "Origin", "Sec-Fetch-Site",
	} {
		if value := c.r.Header.Get(name); value != "" {
			headers[name] = brief(value)
		}
	}
	sent := api.Refusal{
		Time: api.Time{Time: c.at}, Method: brief(c.r.Method), Path: brief(c.r.URL.Path), Status: refused.status,
		Reason: refused.reason, Detail: shorten(refused.Error(), 400),
		ContentType: brief(c.r.Header.Get("Content-Type")),
		Headers:     headers, FirstBytes: hex.EncodeToString(c.body.start()),
	}
	if c.r.ContentLength >= 0 {
		sent.ContentLength = new(c.r.ContentLength)
	}
	return sent
}

// brief returns at most 100 bytes of a text, for the report.
func brief(text string) string { return shorten(text, 100) }

// shorten returns a valid, bounded copy of a text: the report must not keep a whole
// payload in memory.
func shorten(text string, limit int) string {
	return strings.Clone(strings.ToValidUTF8(format.Shorten(text, limit), "\uFFFD"))
}

const (
	// maxPause is how long a body may send nothing.
	maxPause = 5 * time.Second
	// minRate is how many bytes a second a body must send after rateGrace. Otherwise one
	// that sends a byte now and then would reserve its memory forever.
	minRate   = 64 << 10
	rateGrace = 10 * time.Second
)

// A slowReader is a request's body. It fails if the body arrives too slowly, and
// remembers its length and first bytes.
type slowReader struct {
	io.ReadCloser
	connection *http.ResponseController
	length     int64
	waited     time.Duration // for the sender
	err        error         // of the first read that failed
	first      [64]byte
}

func (s *slowReader) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	started := time.Now()
	left := rateGrace + time.Duration(s.length)*time.Second/minRate - s.waited
	_ = s.connection.SetReadDeadline(started.Add(min(maxPause, left))) // a test's recorder has none
	n, err := s.ReadCloser.Read(p)
	s.waited += time.Since(started)
	s.err = err
	if errors.Is(err, io.EOF) { // the server now waits for the next request, or for the connection's end
		_ = s.connection.SetReadDeadline(time.Time{})
	}
	if s.length < int64(len(s.first)) {
		copy(s.first[s.length:], p[:n])
	}
	s.length += int64(n)
	return n, err
}

// start returns the body's first bytes. It reads them now if nothing has.
func (s *slowReader) start() []byte {
	if missing := int64(len(s.first)) - s.length; missing > 0 {
		_, _ = io.CopyN(io.Discard, s, missing) // an error means that the body is shorter
	}
	return bytes.Clone(s.first[:min(s.length, int64(len(s.first)))])
}

// drain reads the rest of the body, within limits. Otherwise a sender that is still
// sending would find its connection broken instead of the response.
func (s *slowReader) drain() {
	const maxBytes, maxTime, step = 256 << 20, 10 * time.Second, 1 << 20
	end := time.Now().Add(maxTime)
	for read := 0; read < maxBytes && time.Now().Before(end); read += step {
		if _, err := io.CopyN(io.Discard, s, step); err != nil {
			return // the body has ended, or the sender disconnected
		}
	}
}
