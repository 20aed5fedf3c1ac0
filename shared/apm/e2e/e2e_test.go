package e2e

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"thinker/shared/apm/internal/process"
)

func TestMain(m *testing.M) { os.Exit(process.Main(m)) }

// TestAPM_AcknowledgedSpansSurviveAKill is the least a store must do.
func TestAPM_AcknowledgedSpansSurviveAKill(t *testing.T) {
	a := process.Start(t)
	for id := 1; id <= 100; id++ {
		span := fmt.Sprintf(`[[{"trace_id":%d,"span_id":%[1]d,"service":"shop","name":"checkout","start":1700000000000000000,"duration":1}]]`, id)
		if response := a.Post("/v0.4/traces", "application/json", strings.NewReader(span)); response.Status != http.StatusOK {
			t.Fatalf("status %d: %s", response.Status, response.Body)
		}
	}
	a.Kill()
	a.Run()
	for id := 1; id <= 100; id++ {
		if response := a.Get(fmt.Sprintf("/api/traces/%d", id)); response.Status != http.StatusOK {
			t.Errorf("trace %d: status %d: %s", id, response.Status, response.Body)
		}
	}
}
