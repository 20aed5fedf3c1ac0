package e2e_test

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

	_ "modernc.org/sqlite" // the driver

	"thinker/shared/apm/internal/process"
)

// wantRefused runs apm on a file that it must refuse, and checks that it prints a reason.
func wantRefused(t *testing.T, db string, reasons ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	output, err := exec.CommandContext(ctx, process.Program(), "--addr", "localhost:0", "--db", db).CombinedOutput()
	if err == nil || ctx.Err() != nil || strings.Contains(string(output), "goroutine ") {
		t.Errorf("%s: got %v, want an error\n%s", db, err, output)
	}
	for _, reason := range reasons {
		if strings.Contains(string(output), reason) {
			return
		}
	}
	t.Errorf("the error doesn't contain the reason %q: %s", reasons, output)
}

// makeLink makes a link, or skips the test on a system without links.
func makeLink(t *testing.T, link func(from, to string) error, from, to string) {
	t.Helper()
	if err := link(from, to); err != nil && runtime.GOOS == "windows" {
		t.Skip("cannot make a link: ", err)
	} else if err != nil {
		t.Fatal(err)
	}
}

func TestFile_AnotherNameOfADatabaseInUseIsRefused(t *testing.T) {
	t.Parallel()
	for kind, link := range map[string]func(from, to string) error{"symbolic link": os.Symlink, "hard link": os.Link} {
		t.Run(kind, func(t *testing.T) {
			a := process.Start(t)
			other := filepath.Join(t.TempDir(), "other.db")
			store(t, a, 1)
			makeLink(t, link, filepath.Join(a.Data, "traces.db"), other)
			for range 2 { // a refusal must not make the next one succeed
				wantRefused(t, other, other+" is in use", "hard link")
			}
			if left, err := filepath.Glob(other + "-*"); err != nil || len(left) > 0 {
				t.Errorf("files beside the link: %v, %v", left, err)
			}
			store(t, a, 2)
			restart(a) // the lock ends with the process
			store(t, a, 3)
			wantTraces(t, a, 1, 3)
		})
	}
}

// TestFile_HardLinkInPlaceOfADatabaseIsRefused checks that a name that another database
// had before doesn't count as a name of this one.
func TestFile_HardLinkInPlaceOfADatabaseIsRefused(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("a lock file can't be read there")
	}
	a, b := process.Start(t), process.Start(t)
	store(t, b, 1)
	b.Kill()
	other := filepath.Join(b.Data, "traces.db")
	for _, ending := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(other + ending); err != nil {
			t.Fatal(err)
		}
	}
	makeLink(t, os.Link, filepath.Join(a.Data, "traces.db"), other)
	wantRefused(t, other, "hard link")
}

// TestFile_LosesNothingThroughAnotherName kills apm and opens its database by other
// names. A hard link would hide the write-ahead log.
func TestFile_LosesNothingThroughAnotherName(t *testing.T) {
	t.Parallel()
	a := process.Start(t)
	db := filepath.Join(a.Data, "traces.db")
	symbolic, hard := filepath.Join(t.TempDir(), "symbolic.db"), filepath.Join(t.TempDir(), "hard.db")
	makeLink(t, os.Symlink, db, symbolic)
	store(t, a, 1)
	a.Kill()

	b := process.Start(t, "--db", symbolic)
	store(t, b, 2)
	wantTraces(t, b, 1, 2)
	b.Kill()

	makeLink(t, os.Link, db, hard)
	wantRefused(t, hard, "hard link")
	a.Run()
	wantTraces(t, a, 1, 2)
}

func TestFile_LinkToAMissingFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	link := filepath.Join(dir, "link.db")
	makeLink(t, os.Symlink, "real.db", link)
	process.Start(t, "--db", link)
	wantRefused(t, filepath.Join(dir, "real.db"), "in use")
}

func TestFile_IsPrivate(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has other permissions")
	}
	a := process.Start(t)
	store(t, a, 1)
	a.Kill()
	files, err := filepath.Glob(filepath.Join(a.Data, "traces.db*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		if err := os.Chmod(file, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	a.Run()
	store(t, a, 2)
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600: %v", file, info.Mode(), err)
		}
	}
	wantTraces(t, a, 1, 2)
}

// changeFile runs an SQL statement on a database that isn't in use.
func changeFile(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestFile_OddNumbers checks that apm starts or refuses a database with any numbers, and
// never panics.
func TestFile_OddNumbers(t *testing.T) {
	t.Parallel()
	a := process.Start(t, "--max-spans", "16") // packs each span
	for id := 1; id <= 5; id++ {
		store(t, a, id)
	}
	if err := a.Stop(); err != nil {
		t.Fatal(err)
	}
	original, err := os.ReadFile(filepath.Join(a.Data, "traces.db"))
	if err != nil {
		t.Fatal(err)
	}
	changed := func(statement string) (path string) {
		path = filepath.Join(t.TempDir(), "traces.db")
		if err := os.WriteFile(path, original, 0o600); err != nil {
			t.Fatal(err)
		}
		changeFile(t, path, statement)
		return path
	}
	for _, version := range []string{"-1", "-2147483648", "2147483647"} {
		path := changed("PRAGMA user_version = " + version)
		before, _ := os.ReadFile(path)
		wantRefused(t, path, "schema")
		if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
			t.Errorf("version %s: the file changed: %v", version, err)
		}
	}
	for _, change := range []string{
		"segments SET rows = -1", "segments SET rows = 1 << 61 | rows", "segments SET rows = 9223372036854775807",
		"segments SET id = -id", "segments SET place = -place, until = -until",
		"segments SET place = 9223372036854775807 - place", "segments SET until = 9223372036854775807",
		"segments SET bytes = -9223372036854775808", "segments SET first = 9223372036854775807",
		"evicted SET traces = -1, spans = -1",
	} {
		t.Run(change, func(t *testing.T) {
			a := process.Start(t, "--db", changed("UPDATE "+change), "--max-spans", "16")
			post(t, a, oneSpan(100, ""))
			for _, page := range []string{"/traces", "/api/traces", "/api/traces/1", "/services"} {
				if response := a.Get(page); response.Status >= http.StatusInternalServerError {
					t.Errorf("%s: status %d: %s", page, response.Status, response.Body)
				}
			}
			checkNoPanic(t, a)
		})
	}
}

// TestFile_OversizedLogRecord checks that a log record much larger than any payload
// doesn't use memory at the start.
func TestFile_OversizedLogRecord(t *testing.T) {
	t.Parallel()
	a := process.Start(t)
	store(t, a, 1)
	a.Kill()
	changeFile(t, filepath.Join(a.Data, "traces.db"), "UPDATE log SET spans = zeroblob(120000000)")
	a.Run()
	a.Get("/api/traces?limit=1")
	checkMemory(t, a, "starting")
	store(t, a, 2)
}

// TestFile_ShrinksToALowerLimit lowers --max-bytes between two starts.
func TestFile_ShrinksToALowerLimit(t *testing.T) {
	t.Parallel()
	a := process.Start(t)
	for id := 1; id <= 40; id++ {
		var tags []string
		for tag := range 52 { // 1 MiB that can't be compressed to less than half
			text := make([]byte, 10_000)
			_, _ = rand.Read(text) // never fails
			tags = append(tags, fmt.Sprintf(`"text%d":"%x"`, tag, text))
		}
		post(t, a, oneSpan(id, `,"meta":{`+strings.Join(tags, ",")+"}"))
	}
	if err := a.Stop(); err != nil {
		t.Fatal(err)
	}
	before := a.DiskUse()
	a.Args = append(a.Args, "--max-bytes", "4MiB")
	a.Run()
	if after := a.DiskUse(); before < 20<<20 || after > 8<<20 {
		t.Errorf("%d bytes at --max-bytes 4MiB, and %d before, want at least 20 MiB before", after, before)
	}
	wantTraces(t, a, 40, 40)
	store(t, a, 41)
	restart(a)
	wantTraces(t, a, 41, 41)
}
