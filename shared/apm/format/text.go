package format

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"thinker/shared/apm"
)

const (
	mostSpansWritten = 200 // of one trace
	deepestIndent    = 30  // levels
	longestText      = 200 // characters of one of a span's texts
)

// WriteTrace writes the trace as a tree, a line a span: its service, operation and
// resource, those of the tags that it has, and its error. Each line begins with
// indent, a child two columns further in than its parent. IDs and times are left
// out, so that the same work is the same text each time; and of a trace of
// more than 200 spans, all after these. What a span holds can do nothing to a
// terminal. The error is w's.
func WriteTrace(w io.Writer, t apm.Trace, indent string, tags ...string) error {
	out := treeText{indent: indent, tags: tags}
	for _, root := range t.Tree() {
		out.write(root, 0)
	}
	if more := len(t.Spans) - out.spans; more > 0 {
		fmt.Fprintf(&out.text, "%s… and %s\n", indent, Count(more, "more span", "more spans"))
	}
	if t.Truncated > 0 {
		fmt.Fprintf(&out.text, "%s… and %s more, as the trace is too large to be shown whole\n", indent, Count(t.Truncated, "span", "spans"))
	}
	_, err := io.WriteString(w, out.text.String())
	return err
}

// A treeText is a tree that is being written.
type treeText struct {
	text   strings.Builder
	indent string
	tags   []string
	spans  int // written so far
}

func (out *treeText) write(node *apm.Node, depth int) {
	if out.spans == mostSpansWritten {
		return
	}
	out.spans++
	out.text.WriteString(out.indent + strings.Repeat("  ", min(depth, deepestIndent)) + line(node.Span, out.tags))
	if node.Orphan {
		out.text.WriteString(" · its parent is missing")
	}
	out.text.WriteString(failure(node.Span) + "\n")
	for _, child := range node.Children {
		out.write(child, depth+1)
	}
}

// Span returns the span in a line: service · operation · resource.
func Span(s *apm.Span) string { return line(s, nil) }

func line(s *apm.Span, tags []string) string {
	parts := []string{s.Service, s.Name}
	if s.Resource != "" {
		parts = append(parts, s.Resource)
	}
	for _, tag := range tags {
		if value, ok := tagOf(s, tag); ok {
			parts = append(parts, tag+":"+value)
		}
	}
	for i := range parts {
		parts[i] = Printable(parts[i], longestText)
	}
	return strings.Join(parts, " · ")
}

// tagOf returns the value of a tag, as text whichever way the tracer sent it.
func tagOf(s *apm.Span, name string) (value string, ok bool) {
	if text, ok := s.Meta[name]; ok {
		return text, true
	}
	number, ok := s.Metrics[name]
	return strconv.FormatFloat(number, 'f', -1, 64), ok
}

func failure(s *apm.Span) string {
	if !s.Error {
		return ""
	}
	text := " · error"
	if what := Printable(s.ErrorText(), longestText); what != "" {
		text += " " + what
	}
	if s.ErrorStack() == "" {
		text += " (without a stack)"
	}
	return text
}

// Printable is a text in one line that can do nothing to a terminal, cut to a
// number of characters: spans may hold anything.
func Printable(text string, longest int) string {
	runes := []rune(text)
	if len(runes) > longest {
		runes = append(runes[:longest-1], '…')
	}
	for i, r := range runes {
		if !unicode.IsGraphic(r) {
			runes[i] = ' '
		}
	}
	return strings.TrimSpace(string(runes))
}
