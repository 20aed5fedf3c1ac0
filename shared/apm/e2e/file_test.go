package e2e

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"thinker/shared/apm/internal/process"
)

// postTrace sends a trace of one span.
func postTrace(t *testing.T, a *process.APM, id int) {
	t.Helper()
	span := fmt.Sprintf(`[[{"trace_id":%d,"span_id":%[1]d,"service":"shop","name":"checkout","start":1700000000000000000,"duration":1}]]`, id)
	if response := a.Post("/v0.4/traces", "application/json", strings.NewReader(span)); response.Status != http.StatusOK {
		t.Fatalf("trace %d: status %d: %s", id, response.Status, response.Body)
	}
}

// wantTraces looks for the traces from 1 to last.
func wantTraces(t *testing.T, a *process.APM, last int) {
	t.Helper()
	for id := 1; id <= last; id++ {
		if response := a.Get(fmt.Sprintf("/api/traces/%d", id)); response.Status != http.StatusOK {
			t.Errorf("trace %d: status %d: %s", id, response.Status, response.Body)
		}
	}
}

// refused runs apm on a file that it must refuse, and returns what it prints.
func refused(t *testing.T, db string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	output, err := exec.CommandContext(ctx, process.Program(t), "--addr", "localhost:0", "--db", db).CombinedOutput()
	if err == nil || ctx.Err() != nil || strings.Contains(string(output), "goroutine ") {
		t.Errorf("%s: got %v, want an error\n%s", db, err, output)
	}
	return string(output)
}

func TestAPM_RefusesAnotherNameOfADatabaseInUse(t *testing.T) {
	for kind, link := range map[string]func(from, to string) error{"symbolic link": os.Symlink, "hard link": os.Link} {
		t.Run(kind, func(t *testing.T) {
			a := process.Start(t)
			db, other := filepath.Join(a.Data, "traces.db"), filepath.Join(t.TempDir(), "other.db")
			postTrace(t, a, 1)
			if err := link(db, other); err != nil && runtime.GOOS == "windows" {
				t.Skip("cannot make a link: ", err)
			} else if err != nil {
				t.Fatal(err)
			}
			for range 2 { // being refused must not make the next one accepted
				if output := refused(t, other); !strings.Contains(output, other) || !strings.Contains(output, "in use") && !strings.Contains(output, "hard link") {
					t.Errorf("the error doesn't name the file and the reason: %s", output)
				}
			}
			if left, err := filepath.Glob(other + "-*"); err != nil || len(left) > 0 {
				t.Errorf("beside the link: %v, %v", left, err)
			}
			postTrace(t, a, 2)
			a.Kill()
			a.Run() // the lock has ended with the process
			postTrace(t, a, 3)
			wantTraces(t, a, 3)
		})
	}
}

// A name that another database had before is no name of this one.
func TestAPM_RefusesAHardLinkInPlaceOfADatabase(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a lock file can't be read there")
	}
	a, b := process.Start(t), process.Start(t)
	postTrace(t, b, 1)
	b.Kill()
	other := filepath.Join(b.Data, "traces.db")
	for _, ending := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(other + ending); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link(filepath.Join(a.Data, "traces.db"), other); err != nil {
		t.Fatal(err)
	}
	if output := refused(t, other); !strings.Contains(output, "hard link") {
		t.Errorf("the error doesn't name the reason: %s", output)
	}
}

// A hard link to a database that was killed would hide its write-ahead log.
func TestAPM_LosesNothingThroughAnotherName(t *testing.T) {
	a := process.Start(t)
	db := filepath.Join(a.Data, "traces.db")
	symbolic, hard := filepath.Join(t.TempDir(), "symbolic.db"), filepath.Join(t.TempDir(), "hard.db")
	if err := os.Symlink(db, symbolic); err != nil {
		t.Skip("cannot make a link: ", err)
	}
	postTrace(t, a, 1)
	a.Kill()

	b := process.Start(t, "--db", symbolic)
	postTrace(t, b, 2)
	wantTraces(t, b, 2)
	b.Kill()

	if err := os.Link(db, hard); err != nil {
		t.Fatal(err)
	}
	if output := refused(t, hard); !strings.Contains(output, "hard link") {
		t.Errorf("the error doesn't tell the reason: %s", output)
	}
	a.Run()
	wantTraces(t, a, 2)
}

// A link may come before the file that it leads to.
func TestAPM_MakesTheFileThatALinkLeadsTo(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link.db")
	if err := os.Symlink("real.db", link); err != nil {
		t.Skip("cannot make a link: ", err)
	}
	process.Start(t, "--db", link)
	refused(t, filepath.Join(dir, "real.db"))
}

func TestAPM_KeepsItsFilesPrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has other permissions")
	}
	a := process.Start(t)
	postTrace(t, a, 1)
	a.Kill()
	names := []string{"traces.db", "traces.db-wal", "traces.db-shm", "traces.db-lock"}
	for _, name := range names {
		if err := os.Chmod(filepath.Join(a.Data, name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	a.Run()
	postTrace(t, a, 2)
	for _, name := range names {
		if info, err := os.Stat(filepath.Join(a.Data, name)); err != nil {
			t.Error(err)
		} else if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", name, info.Mode())
		}
	}
	wantTraces(t, a, 2)
}

// Whatever numbers a database has, apm starts or refuses it with an error, and
// never panics.
func TestAPM_SurvivesOddNumbersInItsDatabase(t *testing.T) {
	a := process.Start(t, "--max-spans", "16") // which packs each span
	for id := 1; id <= 5; id++ {
		postTrace(t, a, id)
	}
	if err := a.Stop(); err != nil {
		t.Fatal(err)
	}
	db := filepath.Join(a.Data, "traces.db")
	original, err := os.ReadFile(db)
	if err != nil {
		t.Fatal(err)
	}
	for change, refuses := range map[string]bool{
		"PRAGMA user_version = -1":                                true,
		"PRAGMA user_version = -2147483648":                       true,
		"PRAGMA user_version = 2147483647":                        true,
		"UPDATE segments SET rows = -1":                           false,
		"UPDATE segments SET rows = 1 << 61 | rows":               false,
		"UPDATE segments SET rows = 9223372036854775807":          false,
		"UPDATE segments SET id = -id":                            false,
		"UPDATE segments SET place = -place, until = -until":      false,
		"UPDATE segments SET place = 9223372036854775807 - place": false,
		"UPDATE segments SET until = 9223372036854775807":         false,
		"UPDATE segments SET bytes = -9223372036854775808":        false,
		"UPDATE segments SET first = 9223372036854775807":         false,
		"UPDATE evicted SET traces = -1, spans = -1":              false,
	} {
		t.Run(change, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "traces.db")
			if err := os.WriteFile(path, original, 0o600); err != nil {
				t.Fatal(err)
			}
			changed, err := sql.Open("sqlite", path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := changed.Exec(change); err != nil {
				t.Fatal(err)
			}
			if err := changed.Close(); err != nil {
				t.Fatal(err)
			}
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if refuses {
				if output := refused(t, path); !strings.Contains(output, "schema") {
					t.Errorf("the error doesn't tell the reason: %s", output)
				}
				if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
					t.Errorf("the file isn't as it was: %v", err)
				}
				return
			}
			odd := process.Start(t, "--db", path, "--max-spans", "16")
			postTrace(t, odd, 100)
			for _, page := range []string{"/traces", "/api/traces", "/api/traces/1", "/services"} {
				if response := odd.Get(page); response.Status >= http.StatusInternalServerError {
					t.Errorf("%s: status %d: %s", page, response.Status, response.Body)
				}
			}
			if strings.Contains(odd.Stderr(), "goroutine ") {
				t.Errorf("it panics: %s", odd.Stderr())
			}
		})
	}
}

// TestAPM_ShrinksItsFileToALoweredBound lowers --max-bytes between two starts.
func TestAPM_ShrinksItsFileToALoweredBound(t *testing.T) {
	a := process.Start(t)
	db := filepath.Join(a.Data, "traces.db")
	for id := 1; id <= 40; id++ {
		postRandomTrace(t, a, id, 1<<20)
	}
	if err := a.Stop(); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(db)
	if err != nil {
		t.Fatal(err)
	}
	if before.Size() < 20<<20 {
		t.Fatalf("the file has %d bytes, want more to begin with", before.Size())
	}
	a.Args = append(a.Args, "--max-bytes", "4MiB")
	a.Run()
	after, err := os.Stat(db)
	if err != nil {
		t.Fatal(err)
	}
	if after.Size() > 8<<20 {
		t.Errorf("the file has %d bytes at --max-bytes 4MiB, and had %d before", after.Size(), before.Size())
	}
	if response := a.Get("/api/traces/40"); response.Status != http.StatusOK {
		t.Errorf("the newest trace before that: status %d: %.200s", response.Status, response.Body)
	}
	postTrace(t, a, 41)
	a.Kill()
	a.Run()
	if response := a.Get("/api/traces/41"); response.Status != http.StatusOK {
		t.Errorf("a trace after that: status %d: %s", response.Status, response.Body)
	}
}

// postRandomTrace sends a trace of one span with so many bytes of texts that cannot
// be compressed to less than half.
func postRandomTrace(t *testing.T, a *process.APM, id, bytes int) {
	t.Helper()
	const length = 20_000 // longer texts are cut
	var tags []string
	for tag := range bytes / length {
		text := make([]byte, length/2)
		_, _ = rand.Read(text) // never fails
		tags = append(tags, fmt.Sprintf(`"text%d":"%x"`, tag, text))
	}
	span := fmt.Sprintf(`[[{"trace_id":%d,"span_id":1,"service":"shop","name":"checkout","start":%[1]d,"duration":1,"meta":{%s}}]]`, id, strings.Join(tags, ","))
	if response := a.Post("/v0.4/traces", "application/json", strings.NewReader(span)); response.Status != http.StatusOK {
		t.Fatalf("trace %d: status %d: %s", id, response.Status, response.Body)
	}
}
