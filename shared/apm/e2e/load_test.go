package e2e

import (
	"database/sql"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite" // the driver

	"thinker/shared/apm/internal/attack"
	"thinker/shared/apm/internal/process"
)

// TestStore_OversizedLogRecord checks that a file whose log holds far more than
// any payload doesn't take memory when it's loaded.
func TestStore_OversizedLogRecord(t *testing.T) {
	a := process.Start(t)
	store(t, a, 1)
	a.Kill()
	db, err := sql.Open("sqlite", filepath.Join(a.Data, "traces.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "UPDATE log SET spans = zeroblob(120000000)"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	a.Restart()
	if _, peak, known := a.Memory(); known && peak > attack.MaxMemory {
		t.Errorf("%.0f MB at its peak", peak)
	}
	store(t, a, 2)
}
