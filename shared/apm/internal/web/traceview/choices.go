package traceview

import (
	"fmt"
	"net/http"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/web/page"
)

// What a reader may choose to see of a trace, by its name in the address.
const (
	byView   = "view"   // flame, list, waterfall, map
	bySpan   = "span"   // the chosen span's ID
	byFind   = "find"   // a text to find in spans
	byErrors = "errors" // only: those that failed
	byLegend = "legend" // spans: count these rather than execution time
	bySort   = "sort"   // a column of the span list
	byRows   = "rows"   // all: however many there are
	byClosed = "closed" // spans whose children the waterfall does not show
	byOpen   = "open"   // repeated siblings that it shows one by one, by the first
)

// readChoices is the place of a request about a trace.
func readChoices(r *http.Request) (page.URL, error) {
	const longest = 1000 // bytes
	p := page.URLOf(r)
	if n := len(p.Get(byFind)); n > longest {
		return p, page.Failure{Status: http.StatusBadRequest, Detail: fmt.Sprintf("The text to find is too long: %s bytes, the limit is %s.", format.Number(n), format.Number(longest))}
	}
	return p, nil
}
