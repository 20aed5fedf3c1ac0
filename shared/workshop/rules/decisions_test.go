package rules_test

import (
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"thinker/shared/workshop/checkout"
)

// TestDecisions checks that code links to each decision, and that each link leads to a
// decision.
func TestDecisions(t *testing.T) {
	root, files := checkout.Root(t), checkout.Files(t)
	links := map[string]string{} // a file that has the link
	link := regexp.MustCompile(`\bdecisions/([a-z0-9-]+\.md)`)
	code := []string{".go", ".mjs", ".css", ".html", ".yml", "Dockerfile", "Makefile", "ARCHITECTURE.md"}
	for _, file := range files {
		if base := path.Base(file); !slices.Contains(code, base) && !slices.Contains(code, path.Ext(base)) {
			continue
		}
		for _, found := range link.FindAllStringSubmatch(checkout.Read(t, filepath.Join(root, file)), -1) {
			links[found[1]] = file
		}
	}
	for _, file := range files {
		if path.Dir(file) == "shared/decisions" {
			if name := path.Base(file); links[name] == "" {
				t.Errorf("no code links %s: add // See decisions/%s. where it applies", file, name)
			} else {
				delete(links, name)
			}
		}
	}
	for name, file := range links {
		t.Errorf("%s links decisions/%s, which doesn't exist", file, name)
	}
}
