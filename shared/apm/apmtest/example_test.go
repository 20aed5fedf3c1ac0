package apmtest_test

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"thinker/shared/apm/apmtest"
)

// testCheckout would be called TestCheckout in a file of yours.
func testCheckout(t *testing.T) {
	a := apmtest.Run(t)

	checkout(t) // starts a tracer, and stops it in the end

	trace := a.RequireTrace(
		apmtest.Span("service:checkout resource_name:\"POST /pay\" @http.status_code:500"),
		apmtest.Child("service:checkout", "service:payments status:error"),
		apmtest.Spans(2),
	)
	if took := trace.Spans[1].Duration; took >= trace.Duration() {
		t.Errorf("the payment took %s of %s", took, trace.Duration())
	}
}

// checkout replaces the code under test, and sends what its tracer would send.
func checkout(t *testing.T) {
	t.Helper()
	const payload = `[[
		{"trace_id": 7, "span_id": 7, "service": "checkout", "name": "http.request", "resource": "POST /pay",
		 "start": 1000, "duration": 500, "meta": {"http.status_code": "500"}},
		{"trace_id": 7, "span_id": 8, "parent_id": 7, "service": "payments", "name": "charge", "resource": "charge",
		 "start": 1100, "duration": 200, "error": 1, "meta": {"error.message": "card declined"}}
	]]`
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut,
		os.Getenv("DD_TRACE_AGENT_URL")+"/v0.4/traces", strings.NewReader(payload))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatal(response.Status)
	}
}

// A test runs an agent, has the code under test do something, and requires the
// trace that must come of it.
func Example() {
	_ = testCheckout
}
