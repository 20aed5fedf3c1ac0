package web

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
)

// A place is the address of the page that is shown, with all that its reader
// has chosen. Links are made from it, so that a choice lasts.
type place struct {
	path  string
	query url.Values
}

func placeOf(r *http.Request) place { return place{r.URL.Path, r.URL.Query()} }

// windowParameters are those that other pages have as well.
func windowParameters() []string { return []string{"env", "range", "from", "to"} }

// To is the address of another page, in the same environment and time. The
// rest are parameters, each with its value; one without a value is left out.
func (p place) To(path string, parameters ...string) string {
	kept := url.Values{}
	for _, name := range windowParameters() {
		if value := p.query.Get(name); value != "" {
			kept.Set(name, value)
		}
	}
	return address(path, kept, parameters)
}

// With is the address of the same page with some parameters changed; one
// without a value is taken out. It is that of the first page of a list.
func (p place) With(parameters ...string) string {
	kept := url.Values{}
	for name, values := range p.query {
		if name != "before" {
			kept[name] = values
		}
	}
	return address(p.path, kept, parameters)
}

// A formField is what a form sends without its reader's doing.
type formField struct{ Name, Value string }

// Kept are the page's parameters that a form sends again, but for those that it
// asks for itself. A form with GET would lose them.
func (p place) Kept(asked ...string) (kept []formField) {
	for _, name := range slices.Sorted(maps.Keys(p.query)) {
		if name == "before" || slices.Contains(asked, name) {
			continue
		}
		for _, value := range p.query[name] {
			kept = append(kept, formField{name, value})
		}
	}
	return kept
}

// Path is the page's own.
func (p place) Path() string { return p.path }

// Get is a parameter that the page was asked for with.
func (p place) Get(name string) string { return p.query.Get(name) }

func address(path string, values url.Values, parameters []string) string {
	for i := 0; i+1 < len(parameters); i += 2 {
		values.Del(parameters[i])
		if parameters[i+1] != "" {
			values.Set(parameters[i], parameters[i+1])
		}
	}
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}
