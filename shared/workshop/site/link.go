package site

import (
	"fmt"
	"html"
	"net/url"
	"path"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/util"

	"thinker/shared/workshop/runner"
)

func (m *markdown) link(w util.BufWriter, _ []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	begin, end := m.around(string(node.(*ast.Link).Destination))
	if !entering {
		begin = end
	}
	_, err := w.WriteString(begin)
	return ast.WalkContinue, err
}

func (m *markdown) autoLink(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		link := node.(*ast.AutoLink)
		begin, end := m.around(string(link.URL(source)))
		_, _ = w.WriteString(begin + html.EscapeString(m.here(string(link.Label(source)))) + end)
	}
	return ast.WalkSkipChildren, nil
}

var lessonDirectory = regexp.MustCompile(`^step0([1-9])(?:/README\.md)?$`)

// around returns what comes before and after the text of a link. A link to one of our
// pages or to another site stays a link. A link to a file becomes the file's name.
func (m *markdown) around(destination string) (begin, end string) {
	to, err := url.Parse(destination)
	if err != nil {
		return "", ""
	}
	switch {
	case to.Scheme == "http" && (to.Host == "localhost:8126" || to.Host == m.agent):
		own := url.URL{Path: "/" + strings.TrimLeft(to.Path, "/"), RawQuery: to.RawQuery, Fragment: to.Fragment}
		return fmt.Sprintf(`<a href="%s">`, html.EscapeString(own.String())), "</a>"
	case to.Scheme == "http" || to.Scheme == "https":
		return fmt.Sprintf(`<a href="%s" rel="noreferrer noopener" target="_blank">`, html.EscapeString(m.here(to.String()))), "</a>"
	case to.Scheme != "" || to.Host != "" || to.Path == "" || strings.HasPrefix(to.Path, "/"):
		return "", ""
	}
	file := path.Join(runner.StepName(m.step), to.Path)
	if other := lessonDirectory.FindStringSubmatch(file); other != nil {
		return fmt.Sprintf(`<a href="/workshop/%s">`, other[1]), "</a>"
	}
	return fmt.Sprintf(`<span title="%s">`, html.EscapeString(file)), "</span>"
}
