package e2e

import (
	"io/fs"
	"net/http"
	"path/filepath"
	"testing"

	"thinker/shared/apm/internal/attack"
	"thinker/shared/apm/internal/process"
)

// maxDisk is much more than any attack may leave on disk, in bytes: no more
// than --max-bytes allows, and what isn't packed yet.
const maxDisk = 400_000_000

// TestAPM_MemoryUnderAttack checks that apm stays within its memory, goes on
// answering and starts again, whatever it was sent.
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
			disk := onDisk(t, a)
			a.Kill()
			a.Restart() // with what the attack left in the file
			_, again, _ := a.Memory()
			t.Logf("%.0f MB at its peak, %.0f MB when it starts again, %d MB on disk", peak, again, disk/1e6)
			if disk > maxDisk {
				t.Errorf("%d MB on disk, of at most %d MB", disk/1e6, maxDisk/1_000_000)
			}
			if most := max(peak, again); most > attack.MaxMemory {
				t.Errorf("%.0f MB at its peak, of at most %d MB", most, attack.MaxMemory)
			}
		})
	}
}

// onDisk returns how much an apm's files take, in bytes.
func onDisk(t *testing.T, a *process.APM) (size int64) {
	t.Helper()
	err := filepath.WalkDir(a.Data, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode().IsRegular() {
			size += info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return size
}
