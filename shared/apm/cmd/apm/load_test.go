package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestLoad(t *testing.T) {
	addr := running(t)
	stdout, stderr, err := try(t, "load", "--addr", addr, "--spans", "1300", "--spread", "1h")
	if err != nil || stderr != "" {
		t.Fatalf("%v\n%s", err, stderr)
	}
	for _, want := range []string{
		"sent          1,300 spans in ", "acknowledged  1,300, ", "latency       p50 ",
		"received      1,300 by the agent's count, 0 missing\n",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
	if strings.Contains(stdout, "refused") || strings.Contains(stdout, "lost") {
		t.Errorf("a loss:\n%s", stdout)
	}
	found, _, err := try(t, "search", "--addr", addr, "--limit", "1000", "service:sqlite.db")
	if err != nil || strings.Count(found, "\n") != 216 {
		t.Errorf("%v: %d traces, want 216", err, strings.Count(found, "\n"))
	}
}

func TestLoad_JSON(t *testing.T) {
	stdout, _, err := try(t, "load", "--addr", running(t), "--spans", "60", "--json", "--attributes", "20", "--unique")
	if err != nil {
		t.Fatal(err)
	}
	var answer map[string]any
	if err := json.Unmarshal([]byte(stdout), &answer); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"sent": "60", "acknowledged": "60", "missing": "0", "taken_in": "60", "unanswered": "0", "refused": "map[]",
	} {
		if got := fmt.Sprint(answer[name]); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if answer["took"].(float64) <= 0 || answer["latency_max"].(float64) <= 0 {
		t.Errorf("%s", stdout)
	}
}

func TestLoad_Losses(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"spans":5}`)
	}))
	defer server.Close()
	stdout, _, err := try(t, "load", "--addr", strings.TrimPrefix(server.URL, "http://"), "--spans", "7")
	wantError(t, err, "acknowledged 7 spans that it did not store")
	if !strings.Contains(stdout, "7 missing") {
		t.Errorf("it prints %s", stdout)
	}
}
