package site

import (
	"html"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/util"
)

func (m *markdown) htmlBlock(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	block := node.(*ast.HTMLBlock)
	var text strings.Builder
	for i := range block.Lines().Len() {
		segment := block.Lines().At(i)
		text.Write(segment.Value(source))
	}
	if block.HasClosure() {
		text.Write(block.ClosureLine.Value(source))
	}
	if entering {
		m.raw(w, text.String())
	}
	return ast.WalkContinue, nil
}

func (m *markdown) rawHTML(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		m.raw(w, string(node.(*ast.RawHTML).Segments.Value(source)))
	}
	return ast.WalkSkipChildren, nil
}

var (
	comment = regexp.MustCompile(`(?s)<!--.*?-->`)
	folding = regexp.MustCompile(`</?(?:details|summary)>|<code>[^<>]*</code>`)
)

// raw writes HTML from the text: details, summary and code as they are, the rest as
// text.
func (m *markdown) raw(w util.BufWriter, text string) {
	text = comment.ReplaceAllString(text, "")
	at := 0
	for _, tag := range folding.FindAllStringIndex(text, -1) {
		_, _ = w.WriteString(html.EscapeString(text[at:tag[0]]))
		at = tag[1]
		switch name := text[tag[0]:tag[1]]; name {
		case "<details>":
			m.open++
		case "</details>":
			if m.open == 0 {
				continue
			}
			m.open--
		}
		_, _ = w.WriteString(text[tag[0]:tag[1]])
	}
	_, _ = w.WriteString(html.EscapeString(text[at:]))
}
