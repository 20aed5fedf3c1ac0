package apmtest_test

import (
	"net/http"
	"os"
	"testing"

	"thinker/shared/apm/apmtest"
)

func TestRun_Example(t *testing.T) { testCheckout(t) }

func TestRun_EndsWithTheTest(t *testing.T) {
	t.Setenv("DD_TRACE_AGENT_URL", "http://elsewhere")
	t.Setenv("DD_TRACE_STARTUP_LOGS", "true")
	var url string
	t.Run("a test", func(t *testing.T) {
		a := apmtest.Run(t)
		url = a.URL()
		for name, want := range map[string]string{"DD_TRACE_AGENT_URL": url, "DD_TRACE_STARTUP_LOGS": "false",
			"DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false"} {
			if got := os.Getenv(name); got != want {
				t.Errorf("%s=%s, want %s", name, got, want)
			}
		}
		response, err := http.Get(url + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
	})
	if got := os.Getenv("DD_TRACE_AGENT_URL"); got != "http://elsewhere" {
		t.Errorf("after the test, DD_TRACE_AGENT_URL=%s", got)
	}
	if response, err := http.Get(url + "/healthz"); err == nil {
		response.Body.Close()
		t.Error("after the test, the agent still responds")
	}
}
