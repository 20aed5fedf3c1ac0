package web

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"thinker/shared/apm"
)

// choices are what the reader has chosen to see of a trace. All of it is in
// the page's address, so that a link or a reload shows the same.
type choices struct {
	path   string
	values url.Values
}

// What may be chosen, by its name in the address.
const (
	byView   = "view"   // flame, list, waterfall
	bySpan   = "span"   // the chosen span's ID
	byFind   = "find"   // a text to find in spans
	byErrors = "errors" // only: those that failed
	byLegend = "legend" // spans: count these rather than execution time
	bySort   = "sort"   // a column of the span list
	byOrder  = "order"  // asc or desc
	byRows   = "rows"   // all: however many there are
	byClosed = "closed" // spans whose children the waterfall does not show
	byOpen   = "open"   // repeated siblings that it shows one by one, by the first
)

func readChoices(r *http.Request) (choices, error) {
	const longest = 1000 // bytes
	c := choices{r.URL.Path, url.Values{}}
	for _, name := range []string{byView, bySpan, byFind, byErrors, byLegend, bySort, byOrder, byRows, byClosed, byOpen} {
		if value := r.URL.Query().Get(name); value != "" {
			c.values.Set(name, value)
		}
	}
	if n := len(c.get(byFind)); n > longest {
		return c, failure{http.StatusBadRequest, fmt.Sprintf("find has %s bytes; it may have %s.", apm.FormatNumber(n), apm.FormatNumber(longest))}
	}
	return c, nil
}

func (c choices) get(name string) string { return c.values.Get(name) }

// has tells whether an ID is in a list of them.
func (c choices) has(name, id string) bool {
	return slices.Contains(strings.Split(c.get(name), "."), id)
}

// choosing are the choices after one more; an empty value takes one back.
func (c choices) choosing(name, value string) choices {
	next := choices{c.path, maps.Clone(c.values)}
	next.values.Del(name)
	if value != "" {
		next.values.Set(name, value)
	}
	return next
}

// address is the page's.
func (c choices) address() string {
	if len(c.values) == 0 {
		return c.path
	}
	return c.path + "?" + c.values.Encode()
}

// with is the address after one more choice.
func (c choices) with(name, value string) string { return c.choosing(name, value).address() }

// each is with for very many values that need no escaping.
func (c choices) each(name string) func(value string) string {
	before := c.with(name, "")
	if strings.Contains(before, "?") {
		before += "&" + name + "="
	} else {
		before += "?" + name + "="
	}
	return func(value string) string { return before + value }
}

// adding is the address with an ID in a list of them.
func (c choices) adding(name, id string) string {
	if c.has(name, id) {
		return c.address()
	}
	return c.with(name, strings.TrimPrefix(c.get(name)+"."+id, "."))
}

// removing is the address with the list without it.
func (c choices) removing(name, id string) string {
	ids := slices.DeleteFunc(strings.Split(c.get(name), "."), func(other string) bool { return other == id })
	return c.with(name, strings.Join(ids, "."))
}

// toggled is the one that changes something.
func (c choices) toggled(name, id string) string {
	if c.has(name, id) {
		return c.removing(name, id)
	}
	return c.adding(name, id)
}

// A hidden choice goes along with a form.
type hidden struct{ Name, Value string }

// without are the choices that a form for one of them sends along.
func (c choices) without(name string) (rest []hidden) {
	for _, other := range []string{byView, bySpan, byErrors, byLegend, bySort, byOrder, byRows, byClosed, byOpen} {
		if value := c.get(other); value != "" && other != name {
			rest = append(rest, hidden{other, value})
		}
	}
	return rest
}
