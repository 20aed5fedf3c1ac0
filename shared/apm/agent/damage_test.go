package agent_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"thinker/shared/apm"
	"thinker/shared/apm/agent"
)

// The Intake page and the API report a damaged file, and the other traces are shown.
func TestAgent_DamagedSegment(t *testing.T) {
	config := agent.Config{DB: filepath.Join(t.TempDir(), "t.db"), MaxSpans: 160} // of which ten are packed together
	a := start(t, config)
	for id := range uint64(25) {
		span := apm.Span{TraceID: id + 1, SpanID: 1, Service: "shop", Meta: map[string]string{"tag": fmt.Sprint(id)}}
		if err := a.Store().Add(t.Context(), []apm.Span{span}); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	segments, err := filepath.Glob(filepath.Join(config.DB, "*.segment"))
	if err != nil || len(segments) != 2 {
		t.Fatalf("segments: %v, %v", segments, err)
	}
	if err := os.WriteFile(segments[0], []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	a = start(t, config)
	if code, _ := get(t, a.URL()+"/trace/1"); code != 404 {
		t.Errorf("a damaged trace: %d", code)
	}
	for _, path := range []string{"/trace/11", "/trace/25", "/traces?query=%40tag%3A*"} {
		if code, body := get(t, a.URL()+path); code != 200 {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	if _, body := get(t, a.URL()+"/api/intake"); !strings.Contains(body, `"reason":"span damaged on disk","count":10`) {
		t.Errorf("%s", body)
	}
}
