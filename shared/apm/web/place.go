package web

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A place is the address of the page that is shown, with all that its reader
// has chosen. Links are made from it, so that a choice lasts.
type place struct {
	path  string
	query url.Values
}

// placeOf is the place of a request. What was sent without a value, as forms
// do, is not chosen.
func placeOf(r *http.Request) place {
	query := r.URL.Query()
	maps.DeleteFunc(query, func(_ string, values []string) bool { return !slices.ContainsFunc(values, isGiven) })
	return place{r.URL.Path, query}
}

func isGiven(value string) bool { return value != "" }

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
	return place{path, kept}.With(parameters...)
}

// traceURL is the address of a trace with one of its spans chosen.
func (p place) traceURL(trace, span uint64) string {
	return p.To("/trace/"+decimal(trace), bySpan, decimal(span))
}

// With is the address of the same page with some parameters changed; one
// without a value is taken out. It is that of the first page of a list.
func (p place) With(parameters ...string) string {
	p = p.and(parameters...)
	if len(p.query) == 0 {
		return p.path
	}
	return p.path + "?" + p.query.Encode()
}

// and is the place that With gives the address of.
func (p place) and(parameters ...string) place {
	query := url.Values{}
	maps.Copy(query, p.query)
	query.Del("before")
	for i := 0; i+1 < len(parameters); i += 2 {
		query.Del(parameters[i])
		if parameters[i+1] != "" {
			query.Set(parameters[i], parameters[i+1])
		}
	}
	return place{p.path, query}
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

// each is With for very many values that need no escaping.
func (p place) each(name string) func(value string) string {
	before := p.With(name, "")
	if strings.Contains(before, "?") {
		before += "&" + name + "="
	} else {
		before += "?" + name + "="
	}
	return func(value string) string { return before + value }
}

// Some parameters are lists of IDs.

// has reports whether an ID is in a list.
func (p place) has(name, id string) bool {
	return slices.Contains(strings.Split(p.Get(name), "."), id)
}

// adding is the address with an ID in a list.
func (p place) adding(name, id string) string {
	if p.has(name, id) {
		return p.With()
	}
	return p.With(name, strings.TrimPrefix(p.Get(name)+"."+id, "."))
}

// removing is the address with the list without it.
func (p place) removing(name, id string) string {
	ids := slices.DeleteFunc(strings.Split(p.Get(name), "."), func(other string) bool { return other == id })
	return p.With(name, strings.Join(ids, "."))
}

// toggled is the one of these that changes something.
func (p place) toggled(name, id string) string {
	if p.has(name, id) {
		return p.removing(name, id)
	}
	return p.adding(name, id)
}

// inAddress writes a point in time as addresses give it; 0 is none.
func inAddress(unixNano int64) string {
	if unixNano == 0 {
		return ""
	}
	return time.Unix(0, unixNano).UTC().Format(time.RFC3339Nano)
}
