package e2e_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

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

// makeLink makes a symbolic link, or skips the test on a system without them.
func makeLink(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Symlink(from, to); err != nil {
		t.Skip("cannot make a link: ", err)
	}
}

func TestFile_AnotherNameOfADirectoryInUseIsRefused(t *testing.T) {
	t.Parallel()
	a := process.Start(t)
	other := filepath.Join(t.TempDir(), "other.db")
	store(t, a, 1)
	makeLink(t, filepath.Join(a.Data, "traces"), other)
	for range 2 { // a refusal must not make the next one succeed
		wantRefused(t, other, "in use")
	}
	store(t, a, 2)
	restart(a) // the lock ends with the process
	store(t, a, 3)
	wantTraces(t, a, 1, 3)
}

func TestFile_LosesNothingThroughAnotherName(t *testing.T) {
	t.Parallel()
	a := process.Start(t)
	link := filepath.Join(t.TempDir(), "link.db")
	makeLink(t, filepath.Join(a.Data, "traces"), link)
	store(t, a, 1)
	a.Kill()
	b := process.Start(t, "--db", link)
	store(t, b, 2)
	wantTraces(t, b, 1, 2)
	b.Kill()
	a.Run()
	wantTraces(t, a, 1, 2)
}

func TestFile_IsPrivate(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has other permissions")
	}
	a := process.Start(t)
	store(t, a, 1)
	for _, path := range append(files(t, a), filepath.Join(a.Data, "traces")) {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("others may read %s: %v, %v", path, info.Mode(), err)
		}
	}
}

// files returns the files with traces.
func files(t *testing.T, a *process.APM) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(a.Data, "traces", "*"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files: %v", err)
	}
	return paths
}

// wantUsable runs apm with damaged files.
func wantUsable(t *testing.T, a *process.APM) {
	t.Helper()
	a.Run()
	defer a.Kill()
	post(t, a, oneSpan(100, ""))
	for _, page := range []string{"/traces", "/api/traces", "/api/traces/1", "/services"} {
		if response := a.Get(page); response.Status >= http.StatusInternalServerError {
			t.Errorf("%s: status %d: %s", page, response.Status, response.Body)
		}
	}
	checkNoPanic(t, a)
	checkMemory(t, a, "starting")
}

// TestFile_AnyContent checks that apm starts or refuses files with any content, uses
// little memory for them, and never panics.
func TestFile_AnyContent(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(content []byte) []byte{
		"empty":     func([]byte) []byte { return nil },
		"half":      func(content []byte) []byte { return content[:len(content)/2] },
		"zeros":     func(content []byte) []byte { return make([]byte, len(content)) },
		"ones":      func(content []byte) []byte { return bytes.Repeat([]byte{0xff}, len(content)) },
		"oversized": func(content []byte) []byte { return append(content, make([]byte, 120_000_000)...) },
		"odd byte": func(content []byte) []byte {
			content[len(content)/2] ^= 0x55
			return content
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := process.Start(t, "--max-spans", "16") // small segments
			for id := 1; id <= 5; id++ {
				store(t, a, id)
			}
			if err := a.Stop(); err != nil {
				t.Fatal(err)
			}
			for _, path := range files(t, a) {
				original, err := os.ReadFile(path)
				if err != nil || len(original) == 0 {
					continue // the lock
				}
				if err := os.WriteFile(path, change(bytes.Clone(original)), 0o600); err != nil {
					t.Fatal(err)
				}
				if filepath.Base(path) == "format" {
					wantRefused(t, filepath.Dir(path), "It was not changed")
				} else {
					wantUsable(t, a)
				}
				if err := os.WriteFile(path, original, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
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
