package page_test

import (
	"net/http"
	"strings"
	"testing"

	"thinker/shared/apm"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/internal/webtest"
)

// TestAssets_Size limits what all pages load together to 150 KB, uncompressed, so that they
// open at once.
func TestAssets_Size(t *testing.T) {
	w := webtest.New(t)
	bytes := 0
	for _, file := range w.Static {
		bytes += len(file.Content)
	}
	if bytes == 0 || bytes >= 150_000 {
		t.Errorf("scripts, styles and pictures come to %d bytes", bytes)
	}
}

// TestAssets_Modules checks that a page names all modules that it needs, and that each
// exists.
func TestAssets_Modules(t *testing.T) {
	w := webtest.New(t, apm.NewTrace(1, []apm.Span{{TraceID: 1, SpanID: 1}}))
	body := w.Get("/trace/1").Body.String()
	for _, name := range []string{"frame", "time", "trace", "live", "flame", "flame-canvas", "flame-window", "duration"} {
		address := "/static/" + name + ".mjs"
		preloads := strings.Contains(body, `<link rel="modulepreload" href="`+address+`">`)
		if !preloads && !strings.Contains(body, `<script type="module" src="`+address+`"></script>`) {
			t.Errorf("the page does not name %s", address)
		}
	}
	for name := range w.Static {
		for _, other := range page.Imports(w.Static, name) {
			if rec := w.Get("/static/" + other); rec.Code != http.StatusOK {
				t.Errorf("%s imports %s, which does not exist", name, other)
			}
		}
	}
}

func TestAssets_NotModified(t *testing.T) {
	w := webtest.New(t)
	for name, file := range w.Static {
		if file.ContentType == "" {
			t.Errorf("%s has no content type", name)
		}
		if r := w.Do(http.MethodGet, "/static/"+name, "If-None-Match", file.Etag); r.Code != http.StatusNotModified {
			t.Errorf("%s: status %d, want 304", name, r.Code)
		}
	}
}
