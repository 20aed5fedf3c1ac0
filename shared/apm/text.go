package apm

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
)

const (
	mostSpansWritten = 200 // of one trace
	deepestIndent    = 30  // levels
	longestText      = 200 // characters of one of a span's texts
)

// Write writes the trace as a tree, a line a span: its service, operation and
// resource, those of the tags that it has, and its error. Each line begins with
// indent, a child two columns further in than its parent. IDs and times are left
// out, so that the same work is the same text each time; and of a trace of
// more than 200 spans, all after these. What a span holds can do nothing to a
// terminal. The error is w's.
func (t Trace) Write(w io.Writer, indent string, tags ...string) error {
	out := treeText{indent: indent, tags: tags}
	for _, root := range t.Tree() {
		out.write(root, 0)
	}
	if more := len(t.Spans) - out.spans; more > 0 {
		fmt.Fprintf(&out.text, "%s… and %s\n", indent, FormatCount(more, "more span", "more spans"))
	}
	if t.Truncated > 0 {
		fmt.Fprintf(&out.text, "%s… and %s more, as the trace is too large to be shown whole\n", indent, FormatCount(t.Truncated, "span", "spans"))
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

func (out *treeText) write(node *Node, depth int) {
	if out.spans == mostSpansWritten {
		return
	}
	out.spans++
	out.text.WriteString(out.indent + strings.Repeat("  ", min(depth, deepestIndent)) + node.Span.line(out.tags))
	if node.Orphan {
		out.text.WriteString(" · its parent is missing")
	}
	out.text.WriteString(node.Span.failure() + "\n")
	for _, child := range node.Children {
		out.write(child, depth+1)
	}
}

// String is the span in a line: service · operation · resource.
func (s *Span) String() string { return s.line(nil) }

func (s *Span) line(tags []string) string {
	parts := []string{s.Service, s.Name}
	if s.Resource != "" {
		parts = append(parts, s.Resource)
	}
	for _, tag := range tags {
		if value, ok := s.tag(tag); ok {
			parts = append(parts, tag+":"+value)
		}
	}
	for i := range parts {
		parts[i] = Printable(parts[i], longestText)
	}
	return strings.Join(parts, " · ")
}

// tag is the value of a tag, as text whichever way the tracer sent it.
func (s *Span) tag(name string) (value string, ok bool) {
	if text, ok := s.Meta[name]; ok {
		return text, true
	}
	number, ok := s.Metrics[name]
	return strconv.FormatFloat(number, 'f', -1, 64), ok
}

func (s *Span) failure() string {
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
