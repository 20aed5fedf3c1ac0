package page

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A URL is the address of the current page, with all choices of its reader. Links derive
// from it, so choices last.
type URL struct {
	Path  string
	Query url.Values
}

// URLOf returns the address of a request without empty parameters, which forms send.
func URLOf(r *http.Request) URL {
	query := r.URL.Query()
	maps.DeleteFunc(query, func(_ string, values []string) bool { return strings.Join(values, "") == "" })
	return URL{r.URL.Path, query}
}

// To returns the address of another page with the same environment and time range.
// parameters are names and values; empty values are left out.
func (p URL) To(path string, parameters ...string) string {
	kept := url.Values{}
	for _, name := range []string{"env", "range", "from", "to"} {
		if value := p.Query.Get(name); value != "" {
			kept.Set(name, value)
		}
	}
	return URL{path, kept}.With(parameters...)
}

// TraceURL returns the address of a trace with one of its spans selected.
func (p URL) TraceURL(trace, span uint64) string {
	return p.To("/trace/"+FormatID(trace), "span", FormatID(span))
}

// With returns the address of the same page with other parameters; an empty value
// removes one. It leads to the first page of a list.
func (p URL) With(parameters ...string) string {
	p = p.And(parameters...)
	if len(p.Query) == 0 {
		return p.Path
	}
	return p.Path + "?" + p.Query.Encode()
}

// And returns the URL whose text With returns.
func (p URL) And(parameters ...string) URL {
	query := url.Values{}
	maps.Copy(query, p.Query)
	query.Del("before")
	for i := 0; i+1 < len(parameters); i += 2 {
		query.Del(parameters[i])
		if parameters[i+1] != "" {
			query.Set(parameters[i], parameters[i+1])
		}
	}
	return URL{p.Path, query}
}

// A formField is a hidden field of a form.
type formField struct{ Name, Value string }

// Kept returns the page's parameters as hidden fields, except those that the form has
// fields for. A form that uses GET would lose them.
func (p URL) Kept(asked ...string) (kept []formField) {
	for _, name := range slices.Sorted(maps.Keys(p.Query)) {
		if name == "before" || slices.Contains(asked, name) {
			continue
		}
		for _, value := range p.Query[name] {
			kept = append(kept, formField{name, value})
		}
	}
	return kept
}

// Get returns a parameter of the page.
func (p URL) Get(name string) string { return p.Query.Get(name) }

// Each is With for many values that need no escaping.
func (p URL) Each(name string) func(value string) string {
	before := p.With(name, "")
	if strings.Contains(before, "?") {
		before += "&" + name + "="
	} else {
		before += "?" + name + "="
	}
	return func(value string) string { return before + value }
}

// Some parameters are lists of IDs.

// Has reports whether a list contains an ID.
func (p URL) Has(name, id string) bool {
	return slices.Contains(strings.Split(p.Get(name), "."), id)
}

// Adding returns the address with an ID added to a list.
func (p URL) Adding(name, id string) string {
	if p.Has(name, id) {
		return p.With()
	}
	return p.With(name, strings.TrimPrefix(p.Get(name)+"."+id, "."))
}

// Removing returns the address with an ID removed from a list.
func (p URL) Removing(name, id string) string {
	ids := slices.DeleteFunc(strings.Split(p.Get(name), "."), func(other string) bool { return other == id })
	return p.With(name, strings.Join(ids, "."))
}

// Toggled returns the address with an ID added to a list, or removed if it is there.
func (p URL) Toggled(name, id string) string {
	if p.Has(name, id) {
		return p.Removing(name, id)
	}
	return p.Adding(name, id)
}

// FormatTime formats a time for an address; 0 is none.
func FormatTime(unixNano int64) string {
	if unixNano == 0 {
		return ""
	}
	return time.Unix(0, unixNano).UTC().Format(time.RFC3339Nano)
}
