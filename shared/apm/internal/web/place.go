package web

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A place is the address of the current page, including all choices of its reader.
// Links are made from it, so that choices last.
type place struct {
	path  string
	query url.Values
}

// placeOf returns the place of a request. It drops empty parameters, which forms send.
func placeOf(r *http.Request) place {
	query := r.URL.Query()
	maps.DeleteFunc(query, func(_ string, values []string) bool { return !slices.ContainsFunc(values, isGiven) })
	return place{r.URL.Path, query}
}

func isGiven(value string) bool { return value != "" }

// windowParameters returns the parameters that links to other pages keep.
func windowParameters() []string { return []string{"env", "range", "from", "to"} }

// To returns the address of another page with the same environment and time range.
// parameters are names and values; empty values are left out.
func (p place) To(path string, parameters ...string) string {
	kept := url.Values{}
	for _, name := range windowParameters() {
		if value := p.query.Get(name); value != "" {
			kept.Set(name, value)
		}
	}
	return place{path, kept}.With(parameters...)
}

// traceURL returns the address of a trace with one of its spans selected.
func (p place) traceURL(trace, span uint64) string {
	return p.To("/trace/"+decimal(trace), "span", decimal(span))
}

// With returns the address of the same page with other parameters; an empty value
// removes one. It leads to the first page of a list.
func (p place) With(parameters ...string) string {
	p = p.and(parameters...)
	if len(p.query) == 0 {
		return p.path
	}
	return p.path + "?" + p.query.Encode()
}

// and returns the place whose address With returns.
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

// A formField is a hidden field of a form.
type formField struct{ Name, Value string }

// Kept returns the page's parameters as hidden fields, except those that the form has
// fields for. A form that uses GET would lose them.
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

// Path returns the page's path.
func (p place) Path() string { return p.path }

// Get returns a parameter of the page.
func (p place) Get(name string) string { return p.query.Get(name) }

// each is With for many values that need no escaping.
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

// has reports whether a list contains an ID.
func (p place) has(name, id string) bool {
	return slices.Contains(strings.Split(p.Get(name), "."), id)
}

// adding returns the address with an ID added to a list.
func (p place) adding(name, id string) string {
	if p.has(name, id) {
		return p.With()
	}
	return p.With(name, strings.TrimPrefix(p.Get(name)+"."+id, "."))
}

// removing returns the address with an ID removed from a list.
func (p place) removing(name, id string) string {
	ids := slices.DeleteFunc(strings.Split(p.Get(name), "."), func(other string) bool { return other == id })
	return p.With(name, strings.Join(ids, "."))
}

// toggled returns the address with an ID added to a list, or removed if it is there.
func (p place) toggled(name, id string) string {
	if p.has(name, id) {
		return p.removing(name, id)
	}
	return p.adding(name, id)
}

// inAddress formats a time for an address; 0 is none.
func inAddress(unixNano int64) string {
	if unixNano == 0 {
		return ""
	}
	return time.Unix(0, unixNano).UTC().Format(time.RFC3339Nano)
}
