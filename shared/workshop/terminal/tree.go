package terminal

import (
	"cmp"
	"fmt"
	"math"
	"net/url"
	"strings"

	"thinker/shared/apm"
	"thinker/shared/apm/colour"
	"thinker/shared/apm/format"
)

const (
	maxRows   = 40 // of one trace; its page shows the rest
	maxLabel  = 44 // columns
	maxDetail = 56 // columns
	maxBar    = 24 // columns
	narrow    = 80 // columns, below which a row says less
	indent    = 2  // columns a level
)

// Trace writes a trace as a tree with one line for each span: its service, operation,
// time bar and duration. The line above has the request, its status and the page. Each
// service has its colour of the palette.
func (t *Terminal) Trace(trace apm.Trace, page string, palette *colour.Palette) {
	t.MarkedTrace(trace, page, palette, nil)
}

// MarkedTrace is Trace with a remark below some of the spans, by span ID.
func (t *Terminal) MarkedTrace(trace apm.Trace, page string, palette *colour.Palette, marks map[uint64]string) {
	var out strings.Builder
	entry := trace.Entry()
	if entry == nil {
		return
	}
	status := cmp.Or(entry.StatusCode(), "OK")
	if entry.Error {
		status = t.Red(strings.TrimSpace(entry.StatusCode() + " error"))
	}
	heading := fmt.Sprintf("%s   %s   %s   %s", t.Bold(printable(title(entry))), status, format.Duration(entry.Duration),
		page)
	fmt.Fprintf(&out, "\n%s\n", strings.TrimRight(heading, " "))

	rows, hidden := rowsOf(trace, t.columns() < narrow)
	label, detail := widths(rows)
	bar := min(maxBar, max(8, t.columns()-label-detail-16))
	detail = min(detail, max(10, t.columns()-label-bar-16))
	for _, r := range rows {
		span := r.node.Span
		tint := palette.Of(span.Service)
		fmt.Fprintf(&out, "  %s %s %s %9s\n",
			t.in(tint, pad(r.label, label)),
			pad(r.detail, detail),
			t.in(tint, timeBar(trace, span, bar)),
			format.Duration(span.Duration))
		below := strings.Repeat(" ", 2+indent*(r.depth+1))
		if r.node.Orphan {
			fmt.Fprintf(&out, "%s%s\n", below, t.dim(fmt.Sprintf("└ its parent, span %d, has not arrived", span.ParentID)))
		}
		if mark, ok := marks[span.SpanID]; ok {
			fmt.Fprintf(&out, "%s%s\n", below, t.Red(shorten("↑ "+printable(mark), t.columns()-len(below))))
		}
		if span.Error {
			what := printable(span.ErrorText())
			fmt.Fprintf(&out, "%s%s\n", below, t.Red(shorten("✗ error "+what, t.columns()-len(below))))
		}
	}
	if hidden > 0 {
		fmt.Fprintf(&out, "  … and %d more spans on the trace's page\n", hidden)
	}
	t.write(out.String())
}

// title returns the HTTP request of a span, such as GET /think/?subject=war, or else its
// resource.
func title(span *apm.Span) string {
	u, err := url.Parse(span.Meta["http.url"])
	if method := span.Meta["http.method"]; method != "" && err == nil && u.Path != "" {
		return method + " " + u.RequestURI()
	}
	return cmp.Or(span.Resource, span.Name)
}

type row struct {
	node          *apm.Node
	depth         int
	label, detail string
}

func rowsOf(trace apm.Trace, short bool) (rows []row, hidden int) {
	var add func(node *apm.Node, depth int, caller string)
	add = func(node *apm.Node, depth int, caller string) {
		if len(rows) == maxRows {
			hidden++
		} else {
			label, detail := describe(node.Span, caller, short)
			rows = append(rows, row{node, depth, strings.Repeat(" ", indent*min(depth, 10)) + label, detail})
		}
		for _, child := range node.Children {
			add(child, depth+1, node.Span.Service)
		}
	}
	for _, root := range trace.Tree() {
		add(root, 0, "")
	}
	return rows, hidden
}

// describe names a span by its service or, below a span of the same service, by its
// operation. With short, it leaves out the operation if there is a detail.
func describe(s *apm.Span, caller string, short bool) (label, detail string) {
	what := strings.Join(strings.Fields(s.Detail()), " ")
	if s.Service == caller {
		return shorten(printable(s.Name), maxLabel), printable(what)
	}
	if short && what != "" {
		return shorten(printable(s.Service), maxLabel), printable(what)
	}
	return shorten(printable(s.Service), maxLabel), printable(strings.TrimSpace(s.Name + "  " + what))
}

func widths(rows []row) (label, detail int) {
	for _, r := range rows {
		label = max(label, columnsOf(r.label))
		detail = max(detail, columnsOf(r.detail))
	}
	return label, min(detail, maxDetail)
}

// timeBar draws when a span ran within its trace.
func timeBar(trace apm.Trace, span *apm.Span, columns int) string {
	total := math.Max(1, float64(trace.Duration()))
	from := int(float64(span.Start-trace.Start()) / total * float64(columns))
	to := int(math.Round(float64(span.End()-trace.Start()) / total * float64(columns)))
	from = min(from, columns-1)
	to = min(max(to, from+1), columns)
	return strings.Repeat(" ", from) + strings.Repeat("▇", to-from) + strings.Repeat(" ", columns-to)
}
