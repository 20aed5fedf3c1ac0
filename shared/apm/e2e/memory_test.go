package e2e

import (
	"net/http"
	"testing"

	"thinker/shared/apm/attack"
	"thinker/shared/apm/process"
)

// TestAPM_MemoryUnderAttack checks that apm stays within its memory, and goes on
// answering, whatever it is sent.
func TestAPM_MemoryUnderAttack(t *testing.T) {
	for _, c := range attack.Cases() {
		t.Run(c.Name, func(t *testing.T) {
			a := process.Start(t)
			if _, _, known := a.Memory(); !known {
				t.Skip("only Linux tells how much memory a process had at its peak")
			}
			c.Run(t, a)
			if response := a.Get("/healthz"); response.Status != http.StatusOK {
				t.Errorf("afterwards /healthz answers with status %d", response.Status)
			}
			_, peak, _ := a.Memory()
			if peak > attack.MaxMemory {
				t.Errorf("%.0f MB at its peak, of at most %d MB", peak, attack.MaxMemory)
			}
			t.Logf("%.0f MB at its peak", peak)
		})
	}
}
