package pictures

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"io"
	"slices"
	"strings"
)

// An element is an element of a page, or a text.
type element struct {
	name     string // empty for a text
	attr     map[string]string
	text     string
	children []*element
}

// parsePage reads an HTML page of the agent, which is well-formed.
func parsePage(page []byte) (*element, error) {
	decoder := xml.NewDecoder(bytes.NewReader(page))
	decoder.Strict, decoder.AutoClose, decoder.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	open := []*element{{}}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return open[0], nil
		} else if err != nil {
			return nil, fmt.Errorf("read a page: %w", err)
		}
		last := open[len(open)-1]
		switch token := token.(type) {
		case xml.StartElement:
			e := &element{name: token.Name.Local, attr: map[string]string{}}
			for _, a := range token.Attr {
				e.attr[a.Name.Local] = a.Value
			}
			last.children = append(last.children, e)
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			last.children = append(last.children, &element{text: string(token)})
		}
	}
}

// all returns the elements below e that match, without those below another match.
func (e *element) all(match func(*element) bool) (found []*element) {
	for _, child := range e.children {
		if child.name != "" && match(child) {
			found = append(found, child)
		} else {
			found = append(found, child.all(match)...)
		}
	}
	return found
}

// first returns the first element below e that matches, or an empty one.
func (e *element) first(match func(*element) bool) *element {
	if found := e.all(match); len(found) > 0 {
		return found[0]
	}
	return &element{}
}

func named(name string) func(*element) bool {
	return func(e *element) bool { return e.name == name }
}

// classed matches elements with a class.
func classed(class string) func(*element) bool {
	return func(e *element) bool { return slices.Contains(strings.Fields(e.attr["class"]), class) }
}

// words returns the text within e, with single blanks.
func (e *element) words() string {
	var text strings.Builder
	var add func(*element)
	add = func(e *element) {
		text.WriteString(e.text)
		for _, child := range e.children {
			add(child)
		}
	}
	add(e)
	return strings.Join(strings.Fields(text.String()), " ")
}

// drawn are the attributes that matter to a drawing, in the order in which they
// are written.
var drawn = []string{"class", "x", "y", "dx", "dy", "x1", "y1", "x2", "y2", "width", "height", "rx", "d", "fill",
	"stroke", "stroke-width", "viewBox", "preserveAspectRatio", "overflow", "text-anchor"}

// svg writes e as SVG, without what only scripts and screen readers use.
func (e *element) svg(out *strings.Builder) {
	switch {
	case e.name == "":
		out.WriteString(html.EscapeString(strings.TrimSpace(e.text)))
		return
	case e.name == "title", strings.Contains(e.attr["class"], "minor"), e.name == "path" && e.attr["d"] == "":
		return
	}
	fmt.Fprintf(out, "<%s", e.name)
	for _, name := range drawn {
		if value, there := e.attr[name]; there {
			fmt.Fprintf(out, ` %s="%s"`, name, html.EscapeString(value))
		}
	}
	if len(e.children) == 0 {
		out.WriteString("/>")
		return
	}
	out.WriteString(">")
	for _, child := range e.children {
		child.svg(out)
	}
	fmt.Fprintf(out, "</%s>", e.name)
}
