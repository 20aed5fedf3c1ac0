package intake

import (
	"bytes"
	"io"
	"net/http"
	"time"

	"thinker/shared/apm"
)

// A visit is a request under way, and what has been learned of it so far.
type visit struct {
	at     time.Time
	body   *opening
	spans  int // taken in
	tracer apm.TracerID
}

// visit begins one. The request that it returns is r, read with the visit
// looking on.
func (in *Intake) visit(r *http.Request) (*visit, *http.Request) {
	v := &visit{at: in.now(), body: &opening{ReadCloser: r.Body}, tracer: senderOf(r.Header)}
	watched := *r
	watched.Body = v.body
	return v, &watched
}

// request is the visit as the report has it.
func (v *visit) request(r *http.Request, status int) apm.Request {
	return apm.Request{
		Time: v.at, Method: brief(r.Method), Path: brief(r.URL.Path), Status: status,
		Bytes: v.body.length, Spans: v.spans, Tracer: v.tracer,
	}
}

// refusal is the visit as the report has it when nothing was taken in.
func (v *visit) refusal(r *http.Request, because refusal) apm.Refusal {
	headers := map[string]string{}
	for _, name := range []string{
		"Datadog-Meta-Lang", "Datadog-Meta-Lang-Version", "Datadog-Meta-Tracer-Version", "X-Datadog-Trace-Count",
		"User-Agent", "Content-Encoding", "Origin", "Sec-Fetch-Site",
	} {
		if value := r.Header.Get(name); value != "" {
			headers[name] = brief(value)
		}
	}
	return apm.Refusal{
		Time: v.at, Method: brief(r.Method), Path: brief(r.URL.Path), Status: because.status,
		Reason: because.reason, Detail: cut(because.Error(), 400),
		ContentType: brief(r.Header.Get("Content-Type")), Length: r.ContentLength,
		Headers: headers, First: v.body.start(),
	}
}

// An opening is a body that counts what is read of it and remembers how it
// began.
type opening struct {
	io.ReadCloser
	length int64
	first  [64]byte
}

func (o *opening) Read(p []byte) (int, error) {
	n, err := o.ReadCloser.Read(p)
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
