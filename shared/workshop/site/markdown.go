package site

import (
	"bytes"
	"fmt"
	"html"
	"html/template"
	"net/url"
	"path"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"thinker/shared/workshop/runner"
)

// A markdown writes GitHub's Markdown as HTML that can stand in our pages. What
// is HTML in it stays text, but for details, summary and code.
type markdown struct {
	step    int                              // whose directory its links start from
	agent   string                           // host and port of the page that is asked for
	api     string                           // where the requests go
	command func(path, text string) []byte   // a line that asks the api; nil where none can be run
	runs    func(path string) (allowed bool) // whether a line with this path can be run
	open    int                              // details that are not closed yet
}

// html is a text as HTML.
func (m *markdown) html(source []byte) (template.HTML, error) {
	var out bytes.Buffer
	table := extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignNone))
	writer := goldmark.New(goldmark.WithExtensions(table),
		goldmark.WithParserOptions(parser.WithASTTransformers(util.Prioritized(withoutHints{}, 1))),
		goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(m, 1))))
	if err := writer.Convert(source, &out); err != nil {
		return "", fmt.Errorf("read Markdown: %w", err)
	}
	out.WriteString(strings.Repeat("</details>", m.open))
	return template.HTML(out.String()), nil
}

// RegisterFuncs implements renderer.NodeRenderer.
func (m *markdown) RegisterFuncs(register renderer.NodeRendererFuncRegisterer) {
	register.Register(ast.KindHeading, m.heading)
	register.Register(ast.KindFencedCodeBlock, m.code)
	register.Register(ast.KindHTMLBlock, m.htmlBlock)
	register.Register(ast.KindRawHTML, m.rawHTML)
	register.Register(ast.KindLink, m.link)
	register.Register(ast.KindAutoLink, m.autoLink)
	register.Register(ast.KindImage, func(util.BufWriter, []byte, ast.Node, bool) (ast.WalkStatus, error) {
		return ast.WalkContinue, nil // what it shows, in words, is left
	})
}

// withoutHints takes out the part that is headed Hints: the checklist has them,
// each where it is wanted.
type withoutHints struct{}

// Transform implements parser.ASTTransformer.
func (withoutHints) Transform(document *ast.Document, reader text.Reader, _ parser.Context) {
	within := 0 // the level of the part's heading
	for node := document.FirstChild(); node != nil; {
		next := node.NextSibling()
		if heading, ok := node.(*ast.Heading); ok && (within == 0 || heading.Level <= within) {
			within = 0
			if string(heading.Lines().Value(reader.Source())) == "Hints" {
				within = heading.Level
			}
		}
		if within > 0 {
			document.RemoveChild(document, node)
		}
		node = next
	}
}

// heading leaves the first level to the page, which has its own.
func (m *markdown) heading(w util.BufWriter, _ []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	level := node.(*ast.Heading).Level
	if level == 1 {
		return ast.WalkSkipChildren, nil
	}
	slash := "/"
	if entering {
		slash = ""
	}
	_, err := fmt.Fprintf(w, "<%sh%d>", slash, level)
	return ast.WalkContinue, err
}

// curl is a line that asks the api.
var curl = regexp.MustCompile(`^curl (?:-\w+ )*['"]?http://localhost:5000(/think/[^\s'"]*)['"]?$`)

func (m *markdown) code(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	language := string(node.(*ast.FencedCodeBlock).Language(source))
	var plain strings.Builder
	flush := func() {
		if plain.Len() > 0 {
			fmt.Fprintf(w, "<pre class=%q><code>%s</code></pre>\n", kindOf(language), plain.String())
			plain.Reset()
		}
	}
	for i := range node.Lines().Len() {
		segment := node.Lines().At(i)
		text := strings.TrimRight(string(segment.Value(source)), "\n")
		here := m.here(text)
		switch asked := curl.FindStringSubmatch(strings.TrimSpace(text)); {
		case asked != nil && m.command != nil && m.runs(asked[1]):
			flush()
			_, _ = w.Write(m.command(asked[1], strings.TrimSpace(here))) // a buffer takes all
		case language == "diff":
			fmt.Fprintf(&plain, "<span class=%q>%s\n</span>", changeOf(text), html.EscapeString(here))
		default:
			plain.WriteString(html.EscapeString(here) + "\n")
		}
	}
	flush()
	return ast.WalkContinue, nil
}

// here is a line with the addresses that the services have on this machine.
func (m *markdown) here(text string) string {
	return strings.NewReplacer("http://localhost:5000", m.api, "localhost:8126", m.agent).Replace(text)
}

// kindOf is the class of a block of code.
func kindOf(language string) string {
	switch language {
	case "sh", "diff", "go":
		return language
	}
	return "text"
}

// changeOf is the class of a line of a diff.
func changeOf(text string) string {
	switch {
	case strings.HasPrefix(text, "+++"), strings.HasPrefix(text, "---"), strings.HasPrefix(text, "@@"):
		return "where"
	case strings.HasPrefix(text, "+"):
		return "added"
	case strings.HasPrefix(text, "-"):
		return "removed"
	}
	return "kept"
}

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

// raw writes what is HTML in the text: what folds as it is, the rest as text.
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

// around is what stands before and after the text of a link: a link to one of
// our pages, to another site or, to a file of the workshop, no link but its name.
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
