package intake

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"time"

	"thinker/shared/apm/internal/stats"
)

// A visit is a request under way, and what has been learned of it so far.
type visit struct {
	at     time.Time
	body   *opening
	spans  int // taken in
	tracer stats.TracerID
}

// visit begins one. The request that it returns is r, read with the visit
// looking on.
func (in *Intake) visit(w http.ResponseWriter, r *http.Request) (*visit, *http.Request) {
	body := &opening{ReadCloser: r.Body, connection: http.NewResponseController(w)}
	v := &visit{at: in.now(), body: body, tracer: senderOf(r.Header)}
	watched := *r
	watched.Body = v.body
	return v, &watched
}

// request is the visit as the report has it.
func (v *visit) request(r *http.Request, status int) stats.Request {
	return stats.Request{
		Time: v.at, Method: brief(r.Method), Path: brief(r.URL.Path), Status: status,
		Bytes: v.body.length, Spans: v.spans, Tracer: v.tracer,
	}
}

// refusal is the visit as the report has it when nothing was taken in.
func (v *visit) refusal(r *http.Request, because refusal) stats.Refusal {
	headers := map[string]string{}
	for _, name := range []string{
		"Datadog-Meta-Lang", "Datadog-Meta-Lang-Version", "Datadog-Meta-Tracer-Version", "X-Datadog-Trace-Count",
		"User-Agent", "Content-Encoding", "Origin", "Sec-Fetch-Site",
	} {
		if value := r.Header.Get(name); value != "" {
			headers[name] = brief(value)
		}
	}
	return stats.Refusal{
		Time: v.at, Method: brief(r.Method), Path: brief(r.URL.Path), Status: because.status,
		Reason: because.reason, Detail: cut(because.Error(), 400),
		ContentType: brief(r.Header.Get("Content-Type")), Length: r.ContentLength,
		Headers: headers, First: v.body.start(),
	}
}

const (
	// stall is how long a body may send nothing.
	stall = 5 * time.Second
	// slowest is how many bytes a second a body must send at least, after grace:
	// else one that sends a byte now and then would hold its room for ever.
	slowest = 64 << 10
	grace   = 10 * time.Second
)

// An opening is a body that counts what is read of it, remembers how it began,
// and fails if it comes too slowly.
type opening struct {
	io.ReadCloser
	connection *http.ResponseController
	length     int64
	waited     time.Duration // for the sender
	err        error         // of the first read that failed
	first      [64]byte
}

func (o *opening) Read(p []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	began := time.Now()
	left := grace + time.Duration(o.length)*time.Second/slowest - o.waited
	_ = o.connection.SetReadDeadline(began.Add(min(stall, left))) // a test's recorder has none
	n, err := o.ReadCloser.Read(p)
	o.waited += time.Since(began)
	o.err = err
	if errors.Is(err, io.EOF) { // from now on the server waits for the next request, or the connection's end
		_ = o.connection.SetReadDeadline(time.Time{})
	}
	if o.length < int64(len(o.first)) {
		copy(o.first[o.length:], p[:n])
	}
	o.length += int64(n)
	return n, err
}

// start is how the body begins. It reads that now, if nobody has.
func (o *opening) start() []byte {
	if missing := int64(len(o.first)) - o.length; missing > 0 {
		_, _ = io.CopyN(io.Discard, o, missing) // an error means that there is no more
	}
	return bytes.Clone(o.first[:min(o.length, int64(len(o.first)))])
}

// drain reads what is left of the body, within bounds. A sender that is still
// sending would otherwise find its connection broken instead of the response.
func (o *opening) drain() {
	const most, longest = 256 << 20, 10 * time.Second
	end := time.Now().Add(longest)
	for read := 0; read < most && time.Now().Before(end); {
		const step = 1 << 20
		if _, err := io.CopyN(io.Discard, o, step); err != nil {
			return // it is at its end, or the sender is gone
		}
		read += step
	}
}
