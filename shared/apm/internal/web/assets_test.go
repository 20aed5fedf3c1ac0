package web

import (
	"net/http"
	"strings"
	"testing"
	"thinker/shared/apm/internal/web/page"
)

// TestAssetsAreLight holds what all pages load together to 150 KB, uncompressed:
// they are to open at once.
func TestAssetsAreLight(t *testing.T) {
	w, _ := newTest()
	bytes := 0
	for _, file := range w.Static {
		bytes += len(file.Content)
	}
	if bytes == 0 || bytes >= 150_000 {
		t.Errorf("scripts, styles and pictures come to %d bytes", bytes)
	}
}

// TestModulesAreLoadedAtOnce holds that a page names all modules that it needs,
// and that each is there.
func TestModulesAreLoadedAtOnce(t *testing.T) {
	w, _ := newTest(workshop())
	body := get(w, "/trace/5577006791947779410").Body.String()
	for _, name := range []string{"frame", "time", "trace", "live", "flame", "flame-canvas", "flame-window", "duration"} {
		address := "/static/" + name + ".mjs"
		if !strings.Contains(body, `<link rel="modulepreload" href="`+address+`">`) && !strings.Contains(body, `<script type="module" src="`+address+`"></script>`) {
			t.Errorf("the page does not name %s", address)
		}
	}
	for name := range w.Static {
		for _, other := range page.Imports(w.Static, name) {
			if rec := get(w, "/static/"+other); rec.Code != http.StatusOK {
				t.Errorf("%s imports %s, which is not there", name, other)
			}
		}
	}
}
