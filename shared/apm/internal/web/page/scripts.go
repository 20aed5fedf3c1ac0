package page

import (
	"html/template"
	"path"
	"regexp"
	"slices"
	"strings"
)

// scriptTags returns the tags that load a module and, at the same time, all modules that it
// imports. A browser would find those one after the other.
func scriptTags(assets map[string]asset, name string) template.HTML {
	var tags strings.Builder
	for _, imported := range Imports(assets, name) {
		tags.WriteString(`<link rel="modulepreload" href="/static/` + imported + "\">\n")
	}
	tags.WriteString(`<script type="module" src="/static/` + name + `"></script>`)
	return template.HTML(tags.String()) // of our own names
}

// Imports returns the modules that a module imports, directly or not.
func Imports(assets map[string]asset, name string) (all []string) {
	for next := []string{name}; len(next) > 0; {
		var found []string
		for _, name := range next {
			for _, match := range imported.FindAllSubmatch(assets[name].Content, -1) {
				if other := path.Join(path.Dir(name), string(match[1])); !slices.Contains(all, other) {
					all, found = append(all, other), append(found, other)
				}
			}
		}
		next = found
	}
	return all
}

var imported = regexp.MustCompile(`(?m)^import .* from "(\.{1,2}/[^"]+)";$`)
