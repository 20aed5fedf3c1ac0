package page

import (
	"html/template"
	"path"
	"regexp"
	"slices"
	"strings"
)

// scriptTags are what loads a module, and with it at once all that it imports: a
// browser would find these out only one after the other.
func scriptTags(assets map[string]asset, name string) template.HTML {
	var tags strings.Builder
	for _, imported := range Imports(assets, name) {
		tags.WriteString(`<link rel="modulepreload" href="/static/` + imported + "\">\n")
	}
	tags.WriteString(`<script type="module" src="/static/` + name + `"></script>`)
	return template.HTML(tags.String()) // of names that are our own
}

// Imports are the modules that a module imports, and that these do.
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
