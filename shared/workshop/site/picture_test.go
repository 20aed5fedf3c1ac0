package site

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"thinker/shared/workshop/checkout"
)

// TestSite_Picture holds that the page shows a README's pictures, and serves no other
// file.
func TestSite_Picture(t *testing.T) {
	b := newBench(t)
	write := func(path, text string) {
		t.Helper()
		file := filepath.Join(b.Root, filepath.FromSlash(path))
		checkout.Write(t, file, text)
	}
	write("step02/README.md", "# Step 2\n\n![One *trace*\nin "+
		"\"red\"](pictures/trace.svg)\n\n![map](../shared/pictures/map.svg)\n")
	write("step02/pictures/trace.svg", "<svg>trace</svg>")
	write("shared/pictures/map.svg", "<svg>map</svg>")
	write("step02/pictures/notes.txt", "private")
	write("shared/private.svg", "private")
	outside := filepath.Join(t.TempDir(), "private.svg")
	checkout.Write(t, outside, "private")
	if err := os.Symlink(outside, filepath.Join(b.Root, "step02", "pictures", "link.svg")); err != nil {
		t.Logf("without a symbolic link: %v", err)
	}

	says(t, b.page("/workshop/2"),
		`<img src="/workshop/step02/pictures/trace.svg" alt="One trace in &#34;red&#34;">`,
		`<img src="/workshop/shared/pictures/map.svg" alt="map">`)
	for path, want := range map[string]string{"/workshop/step02/pictures/trace.svg": "<svg>trace</svg>",
		"/workshop/shared/pictures/map.svg": "<svg>map</svg>"} {
		resp, err := http.Get(b.url + path)
		if err != nil {
			t.Fatal(err)
		}
		if body := read(t, resp); resp.StatusCode != http.StatusOK || body != want ||
			resp.Header.Get("Content-Type") != "image/svg+xml" {
			t.Errorf("%s: %d, %q", path, resp.StatusCode, body)
		}
	}
	for _, path := range []string{
		"/workshop/step02/pictures/absent.svg",
		"/workshop/step02/pictures/notes.txt",
		"/workshop/step02/pictures/link.svg",
		"/workshop/step02/pictures/",
		"/workshop/step02/README.md",
		"/workshop/shared/private.svg",
		"/workshop/step02/pictures/../../shared/private.svg",
		"/workshop/step02/pictures/..%2f..%2fshared%2fprivate.svg",
		"/workshop/step02/pictures/%2e%2e/%2e%2e/shared/private.svg",
		`/workshop/step02/pictures/..%5c..%5cshared%5cprivate.svg`,
		"/workshop//step02/pictures/notes.txt%00.svg",
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.URL.Opaque = path // sent as it is
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if body := read(t, resp); resp.StatusCode == http.StatusOK || strings.Contains(body, "private") &&
			!strings.Contains(path, "private") {
			t.Errorf("%s: %d, %q", path, resp.StatusCode, body)
		}
	}
}
