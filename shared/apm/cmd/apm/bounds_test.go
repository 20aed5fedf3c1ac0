package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"thinker/shared/apm"
	"thinker/shared/apm/agent"
)

func TestParseBytes(t *testing.T) {
	for text, want := range map[string]int{"1048576": 1 << 20, "1MiB": 1 << 20, "512MiB": 512 << 20, "2GiB": 2 << 30, "4096KiB": 4 << 20} {
		if n, err := parseBytes(text); n != want || err != nil {
			t.Errorf("%s: %d, %v", text, n, err)
		}
	}
	for _, text := range []string{"", "1", "MiB", "-1MiB", "1.5GiB", "1MB", "99999999999GiB", "512KiB"} {
		if n, err := parseBytes(text); err == nil {
			t.Errorf("%s: %d", text, n)
		}
	}
	for n, want := range map[int]string{1 << 30: "1GiB", 128 << 20: "128MiB", 3: "3"} {
		if got := formatBytes(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}

func TestIgnored_DefaultFile(t *testing.T) {
	t.Chdir(t.TempDir())
	for range 2 {
		if err := ignored(defaultDB); err != nil {
			t.Fatal(err)
		}
		if content, err := os.ReadFile(filepath.Join(".workshop", ".gitignore")); err != nil || string(content) != "*\n" {
			t.Errorf("%q, %v", content, err)
		}
	}
	if err := ignored(filepath.Join("elsewhere", "traces.db")); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("elsewhere"); err == nil {
		t.Error("it makes a directory that somebody else has chosen")
	}
}

func TestStores(t *testing.T) {
	file := filepath.Join(t.TempDir(), "t.db")
	for _, want := range []string{"Traces are stored in " + file, "Traces are stored in " + file + " (1 trace)"} {
		a, err := agent.Start(agent.Config{Addr: "localhost:0", DB: file})
		if err != nil {
			t.Fatal(err)
		}
		if got := stores(a, file); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		if err := a.Store().Add(t.Context(), []apm.Span{{TraceID: 1, SpanID: 1}}); err != nil {
			t.Fatal(err)
		}
		if err := a.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := stores(nil, ""); got != "Traces are stored in memory, until apm stops" {
		t.Error(got)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("others may read the traces: %v, %v", info.Mode(), err)
	}
}

func TestRun_UnknownCommand(t *testing.T) {
	_, err := parse([]string{"sarch"}, noEnv)
	if err == nil || !strings.Contains(err.Error(), `unknown command "sarch". Use search,`) {
		t.Error(err)
	}
	if otherPort("localhost:9126") == 9126 || otherPort(":8126") != 9126 {
		t.Error("it suggests the port that is taken")
	}
	for argument, want := range map[string]string{"7": "7", "http://localhost:8126/trace/7": "7"} {
		if got := traceOf(argument); got != want {
			t.Errorf("%s: %s", argument, got)
		}
	}
	if url, err := agentURL("http://localhost:8126/"); url != "http://localhost:8126" || err != nil {
		t.Error(url, err)
	}
}
