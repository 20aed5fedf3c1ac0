package site

import (
	"bytes"
	"cmp"
	"fmt"
	"html"
	"html/template"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	tables "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"thinker/shared/workshop/runner"
)

// A markdown writes GitHub's Markdown as HTML for our pages. HTML in it stays text,
// except for details, summary and code.
// See decisions/readme-markdown.md.
type markdown struct {
	step    int                              // links are relative to its directory
	agent   string                           // host and port of the requested page
	api     string                           // the api's URL
	thinker string                           // the microservice's URL, if it isn't the one in the text
	command func(path, text string) []byte   // writes a line that sends a request to the api; nil if none can be run
	runs    func(path string) (allowed bool) // reports whether a line with this path can be run
	open    []string                         // HTML elements that aren't closed yet
}

// html returns a text as HTML.
func (m *markdown) html(source []byte) (template.HTML, error) {
	// Without blocks of HTML, each tag is a node of its own within a paragraph.
	blocks := slices.DeleteFunc(parser.DefaultBlockParsers(), func(p util.PrioritizedValue) bool {
		return p.Value == parser.NewHTMLBlockParser()
	})
	var out bytes.Buffer
	writer := goldmark.New(
		goldmark.WithParser(parser.NewParser(
			parser.WithBlockParsers(blocks...),
			parser.WithInlineParsers(parser.DefaultInlineParsers()...),
			parser.WithParagraphTransformers(parser.DefaultParagraphTransformers()...),
			parser.WithASTTransformers(util.Prioritized(transformer(arrange), 1)))),
		goldmark.WithExtensions(extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignNone))),
		goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(m, 1))))
	if err := writer.Convert(source, &out); err != nil {
		return "", fmt.Errorf("read Markdown: %w", err)
	}
	for _, name := range slices.Backward(m.open) {
		out.WriteString("</" + name + ">")
	}
	return template.HTML(out.String()), nil
}

// RegisterFuncs implements renderer.NodeRenderer.
func (m *markdown) RegisterFuncs(register renderer.NodeRendererFuncRegisterer) {
	register.Register(ast.KindHeading, m.heading)
	register.Register(ast.KindFencedCodeBlock, m.code)
	register.Register(ast.KindRawHTML, m.rawHTML)
	register.Register(ast.KindLink, m.link)
	register.Register(ast.KindAutoLink, m.autoLink)
	register.Register(ast.KindImage, m.image)
}

// A transformer changes a text's syntax tree.
type transformer func(document *ast.Document, source []byte)

// Transform implements parser.ASTTransformer.
func (t transformer) Transform(document *ast.Document, reader text.Reader, _ parser.Context) {
	t(document, reader.Source())
}

// arrange removes the title, which the page has, and the section Hints, whose hints the
// checklist shows with their checks. It labels the columns of tables, and takes details
// and comments out of their paragraphs.
func arrange(document *ast.Document, source []byte) {
	hints := 0 // the level of the section's heading; 0 outside of it
	for node := document.FirstChild(); node != nil; {
		next := node.NextSibling()
		heading, isHeading := node.(*ast.Heading)
		if isHeading && (hints == 0 || heading.Level <= hints) {
			hints = 0
			if string(heading.Lines().Value(source)) == "Hints" {
				hints = heading.Level
			}
		}
		if hints > 0 || isHeading && heading.Level == 1 {
			document.RemoveChild(document, node)
		} else if tag, ok := node.FirstChild().(*ast.RawHTML); ok && node.Kind() == ast.KindParagraph && stands(tag, source) {
			unwrapped := ast.NewTextBlock()
			for child := node.FirstChild(); child != nil; child = node.FirstChild() {
				unwrapped.AppendChild(unwrapped, child)
			}
			document.ReplaceChild(document, node, unwrapped)
		}
		if table, ok := node.(*tables.Table); ok {
			for cell := table.FirstChild().FirstChild(); cell != nil; cell = cell.NextSibling() {
				cell.SetAttributeString("scope", []byte("col"))
			}
		}
		node = next
	}
}

// stands reports whether a tag that begins a paragraph takes its place.
func stands(tag *ast.RawHTML, source []byte) bool {
	text := string(tag.Segments.Value(source))
	return text == "<details>" || text == "</details>" || strings.HasPrefix(text, "<!--")
}

// rawHTML writes a tag of details, summary or code if it has no attributes and closes
// what is open, and any other as text. It leaves out comments.
func (m *markdown) rawHTML(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	tag := string(node.(*ast.RawHTML).Segments.Value(source))
	switch tag {
	case "<details>", "<summary>", "<code>":
		m.open = append(m.open, strings.Trim(tag, "<>"))
	case "</details>", "</summary>", "</code>":
		last := len(m.open) - 1
		if last < 0 || m.open[last] != strings.Trim(tag, "</>") {
			return ast.WalkContinue, nil
		}
		m.open = m.open[:last]
	default:
		if strings.HasPrefix(tag, "<!--") {
			return ast.WalkContinue, nil
		}
		tag = html.EscapeString(tag)
	}
	_, err := w.WriteString(tag)
	return ast.WalkContinue, err
}

// heading adds what a button on the page does instead of the commands below a heading.
func (m *markdown) heading(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	level := node.(*ast.Heading).Level
	if entering {
		_, err := fmt.Fprintf(w, "<h%d>", level)
		return ast.WalkContinue, err
	}
	_, err := fmt.Fprintf(w, "</h%d>\n", level)
	button := map[string]string{"Run it": "starts the step", "Try it yourself": "creates your copy and runs it"}
	if does := button[string(node.Lines().Value(source))]; does != "" {
		_, err = fmt.Fprintf(w, "<p class=\"quiet\">The commands are for a terminal. On this page, a button under "+
			"<a href=\"#code\">Running code</a> %s.</p>\n", does)
	}
	return ast.WalkContinue, err
}

var (
	// sampled matches the URL of a sample trace, which isn't stored here.
	sampled = regexp.MustCompile(`\s+http://localhost:8126/trace/\d+$`)
	// curl matches a line that sends a request to the api.
	curl = regexp.MustCompile(`^curl (?:-\w+ )*['"]?http://localhost:5000(/think/[^\s'"]*)['"]?$`)
)

// code writes a block of code. Lines that can be run are written by m.command.
func (m *markdown) code(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	language := string(node.(*ast.FencedCodeBlock).Language(source))
	class := "text"
	if slices.Contains([]string{"sh", "diff", "go"}, language) {
		class = language
	}
	var plain strings.Builder
	flush := func() {
		if plain.Len() > 0 {
			fmt.Fprintf(w, "<pre class=%q><code>%s</code></pre>\n", class, plain.String())
			plain.Reset()
		}
	}
	for line := range strings.Lines(string(node.Lines().Value(source))) {
		line = strings.TrimRight(line, "\n")
		if language == "" {
			line = sampled.ReplaceAllString(line, "")
		}
		here := m.here(line)
		switch request := curl.FindStringSubmatch(strings.TrimSpace(line)); {
		case request != nil && m.command != nil && m.runs(request[1]):
			flush()
			_, _ = w.Write(m.command(request[1], strings.TrimSpace(here))) // a buffer can't fail
		case language == "diff":
			fmt.Fprintf(&plain, "<span class=%q>%s\n</span>", changeOf(line), html.EscapeString(here))
		default:
			plain.WriteString(html.EscapeString(here) + "\n")
		}
	}
	flush()
	return ast.WalkContinue, nil
}

// here returns a line with the services' addresses on this machine.
func (m *markdown) here(text string) string {
	thinker := cmp.Or(m.thinker, "http://localhost:5001")
	return strings.NewReplacer("http://localhost:5000", m.api, "http://localhost:5001", thinker,
		"localhost:8126", m.agent).Replace(text)
}

// changeOf returns the class of a line of a diff.
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
		return fmt.Sprintf(`<a href="%s" rel="noreferrer noopener" target="_blank">`,
			html.EscapeString(m.here(to.String()))), "</a>"
	case to.Scheme != "" || to.Host != "" || to.Path == "" || strings.HasPrefix(to.Path, "/"):
		return "", ""
	}
	file := path.Join(runner.StepName(m.step), to.Path)
	if other := lessonDirectory.FindStringSubmatch(file); other != nil {
		return fmt.Sprintf(`<a href="/workshop/%s">`, other[1]), "</a>"
	}
	return fmt.Sprintf(`<span title="%s">`, html.EscapeString(file)), "</span>"
}

// image writes a picture of the workshop. Of any other, it writes the alternative
// text.
func (m *markdown) image(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	to, err := url.Parse(string(node.(*ast.Image).Destination))
	if err != nil || to.Scheme != "" || to.Host != "" {
		return ast.WalkContinue, nil
	}
	file := path.Join(runner.StepName(m.step), to.Path)
	if !picturePath.MatchString(file) {
		return ast.WalkContinue, nil
	}
	if entering {
		_, err = fmt.Fprintf(w, `<img src="%s/%s" alt="%s">`, home, file, html.EscapeString(textOf(node, source)))
	}
	return ast.WalkSkipChildren, err
}

// textOf returns the text within a node, on one line.
func textOf(node ast.Node, source []byte) string {
	var words strings.Builder
	_ = ast.Walk(node, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if t, ok := n.(*ast.Text); ok && entering {
			words.Write(t.Segment.Value(source))
			if t.SoftLineBreak() {
				words.WriteString(" ")
			}
		}
		return ast.WalkContinue, nil
	})
	return words.String()
}
