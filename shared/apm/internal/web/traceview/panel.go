package traceview

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"thinker/shared/apm/api"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
)

// A spanPanel shows one span in full.
type spanPanel struct{ spanView }

// Offset returns the span's start, from the trace's.
func (p spanPanel) Offset() time.Duration {
	return time.Duration(min(p.scene.offset(p.Span), math.MaxInt64))
}

// EndOffset returns the span's end, from the trace's start.
func (p spanPanel) EndOffset() time.Duration { return p.Offset() + max(0, p.Duration) }

// Since returns how long after the span's start something happened.
func (p spanPanel) Since(unixNano int64) time.Duration { return time.Duration(unixNano - p.Start) }

// ParentURL returns the address with the parent selected; empty if it hasn't arrived.
func (p spanPanel) ParentURL() string {
	if !p.scene.arrived[p.ParentID] {
		return ""
	}
	return p.scene.With("span", page.FormatID(p.ParentID))
}

// SQL returns the statement of a database span; it is empty for other spans.
func (p spanPanel) SQL() []sqlPart {
	statement := cmp.Or(p.Meta["sql.query"], p.Meta["db.statement"])
	if statement == "" && p.Type == "sql" {
		statement = p.Resource
	}
	return layOutSQL(statement)
}

// JSON returns the span in the API's JSON.
func (p spanPanel) JSON() string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(api.NewSpan(p.Span)); err != nil { // an event's attribute is none that JSON has
		return err.Error()
	}
	return text.String()
}

// A tag is an attribute of a span, with the search for traces that have the same.
type tag struct {
	Name, Value string
	Filter      string // what Search asks for: env:production
	Search      string // the address of these traces; empty if no query can ask for them
}

func (p spanPanel) tag(name string, field query.Field, value string) tag {
	return tag{name, value, field.String() + ":" + value, searchURL(p.scene.URL, field, value)}
}

// Attributes returns the attributes that every span has.
func (p spanPanel) Attributes() (all []tag) {
	for _, a := range []struct{ field, name, value string }{
		{"service", "Service", p.Service}, {"operation_name", "Operation", p.Name},
		{"resource_name", "Resource", p.Resource}, {"type", "Type", p.Type},
	} {
		if a.value != "" {
			all = append(all, p.tag(a.name, query.Field{Name: a.field}, a.value))
		}
	}
	return all
}

// Tags returns the span's tags, sorted by name. It leaves out those of an error, which
// the panel shows elsewhere, and those of tracers and Agents.
func (p spanPanel) Tags() []tag { return p.tags(false) }

// InternalTags returns the tags of tracers and Agents.
func (p spanPanel) InternalTags() []tag { return p.tags(true) }

func (p spanPanel) tags(internal bool) (all []tag) {
	errorTags := []string{"error.message", "error.msg", "error.type", "error.stack", "error.handling_stack"}
	add := func(name, value string) {
		if strings.HasPrefix(name, "_") == internal && !(p.Error && slices.Contains(errorTags, name)) {
			all = append(all, p.tag(name, tagField(name), value))
		}
	}
	for name, value := range p.Meta {
		add(name, value)
	}
	for name, value := range p.Metrics {
		add(name, text(value))
	}
	slices.SortFunc(all, func(a, b tag) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Value, b.Value)) })
	return all
}

// tagField returns a tag's name in queries.
func tagField(name string) query.Field {
	return query.Field{Name: name, Tag: name != "env" && name != "version"}
}

// searchURL returns the address of the traces that have a span with a value, or an empty
// text if no query can ask for it.
func searchURL(p page.URL, field query.Field, value string) string {
	const longest = 1000 // bytes; a longer value hardly exists twice
	if len(value) > longest || field.IsDuration() {
		return ""
	}
	text := query.Term{Field: field, Test: query.Literal(value)}.String()
	q, err := query.Parse(text)
	if term, ok := q.Expr.(query.Term); err != nil || !ok || term.Field != field || !term.Test.MatchText(value) {
		return ""
	}
	return p.To("/traces", "query", text)
}

// text formats the value of a tag or of an event's attribute: text as is, the rest as JSON.
func text(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	}
	encoded, err := json.Marshal(value)
	if err != nil { // JSON has no such value
		return fmt.Sprint(value)
	}
	return string(encoded)
}

// A stackLine is a line of an error's stack.
type stackLine struct {
	Text  string
	Other bool // it is the language's or a library's, not the service's own
}

// Stack returns the lines of an error's stack, and marks those that aren't the service's own
// code. It knows the stacks of Go, Java, Python, Node.js and Ruby; in others, it marks none.
func (p spanPanel) Stack() (lines []stackLine) {
	text := strings.TrimRight(strings.ReplaceAll(p.ErrorStack(), "\r\n", "\n"), "\n")
	if text == "" {
		return nil
	}
	all := strings.Split(text, "\n")
	for i, line := range all {
		other := isOthers(line)
		switch {
		// In Go a function stands above its place, in Python below.
		case !strings.HasPrefix(line, "\t") && i+1 < len(all) && strings.HasPrefix(all[i+1], "\t") &&
			strings.Contains(all[i+1], ".go:"):
			other = other || isOthers(all[i+1])
		case i > 0 && (strings.Contains(line, ".go:") || strings.HasPrefix(strings.TrimSpace(all[i-1]), `File "`)):
			other = other || lines[i-1].Other
		}
		lines = append(lines, stackLine{line, other})
	}
	return lines
}

// isOthers reports whether a line's words show that it is of a language or a library.
func isOthers(line string) bool {
	line = strings.TrimSpace(line)
	begins := func(beginning string) bool { return strings.HasPrefix(line, beginning) }
	contains := func(part string) bool { return strings.Contains(line, part) }
	return slices.ContainsFunc([]string{
		"runtime.", "runtime/", "net/http.", "testing.", "reflect.", "database/sql.",
		"created by net/http", "created by runtime", "created by testing",
		"at java.", "at java.base/", "at javax.", "at jakarta.", "at jdk.", "at sun.", "at com.sun.",
		"at kotlin.", "at scala.", "at node:", "at process.", "at internal/",
	}, begins) || slices.ContainsFunc([]string{
		"/go/src/", "/pkg/mod/", "/vendor/", "/site-packages/", "/dist-packages/", "/lib/python", `File "<frozen`,
		"/node_modules/", "(node:", "(internal/", "/gems/", "/lib/ruby/",
	}, contains)
}
