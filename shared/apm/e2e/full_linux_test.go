package e2e_test

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"thinker/shared/apm/internal/process"
)

// postUntilFull sends traces until the disk has no room for more, and returns how
// many were acknowledged.
func postUntilFull(t *testing.T, a *process.APM) int {
	t.Helper()
	for id := 1; ; id++ {
		text := make([]byte, 32<<10)
		_, _ = rand.Read(text) // never fails
		response := a.PostTraces(oneSpan(id, fmt.Sprintf(`,"meta":{"text":"%x"}`, text)))
		switch response.Status {
		case http.StatusOK:
		case http.StatusInsufficientStorage:
			return id - 1
		default:
			t.Fatalf("status %d: %s", response.Status, response.Body)
		}
	}
}

// TestClear_FreesSpaceOnAFullDisk clears traces with almost no space left, before and
// after the write-ahead log has been emptied.
func TestClear_FreesSpaceOnAFullDisk(t *testing.T) {
	t.Parallel()
	const size = 24 << 20
	process.SmallDisk(t, size, func(t *testing.T, dir string) {
		a := process.Start(t, "--db", filepath.Join(dir, "traces"))
		free := func() int {
			var disk syscall.Statfs_t
			if err := syscall.Statfs(dir, &disk); err != nil {
				t.Fatal(err)
			}
			return int(disk.Bfree) * int(disk.Bsize)
		}
		clears := map[string]func(){
			"HTTP": func() {
				if response := a.Request(http.MethodDelete, "/api/traces",
					nil); response.Status != http.StatusNoContent {
					t.Fatalf("status %d: %s\n%s", response.Status, response.Body, a.Stderr())
				}
			},
			"apm clear": func() {
				clear := exec.Command(process.Program(), "clear", "--yes", "--addr", a.Addr())
				if output, err := clear.CombinedOutput(); err != nil {
					t.Fatalf("%v: %s\n%s", err, output, a.Stderr())
				}
			},
		}
		for name, clear := range clears {
			for _, restarts := range []bool{false, true} {
				if sent := postUntilFull(t, a); sent < 10 {
					t.Fatalf("only %d traces until the disk is full", sent)
				}
				process.FillDisk(t, filepath.Join(dir, "ballast"), 0)
				if restarts {
					if err := a.Stop(); err != nil {
						t.Fatal(err)
					}
					const start = 128 << 10 // bytes that a start may need
					process.FillDisk(t, filepath.Join(dir, "ballast"), start)
					a.Run()
				}
				clear()
				if response := a.Get("/api/traces"); !strings.Contains(string(response.Body), `"traces":[]`) {
					t.Errorf("%s: traces are left: %s", name, response.Body)
				}
				store(t, a, 1) // while the ballast leaves only what was cleared
				if err := os.Remove(filepath.Join(dir, "ballast")); err != nil {
					t.Fatal(err)
				}
				if free() < size*3/4 {
					t.Errorf("%s: after clearing, %d bytes of %d are free", name, free(), size)
				}
				restart(a)
				wantTraces(t, a, 1, 1)
				if response := a.Get("/api/traces"); strings.Count(string(response.Body), "trace_id") != 1 {
					t.Errorf("%s: after a restart, got %s", name, response.Body)
				}
			}
		}
	})
}
