package site

import (
	"bytes"
	"cmp"
	"fmt"
	"html"
	"html/template"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	tables "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// A markdown writes GitHub's Markdown as HTML for our pages. HTML in it stays text,
// except for details, summary and code.
type markdown struct {
	step    int                              // links are relative to its directory
	agent   string                           // host and port of the requested page
	api     string                           // the api's URL
	thinker string                           // the microservice's URL, if it isn't the one in the text
	command func(path, text string) []byte   // writes a line that sends a request to the api; nil if none can be run
	runs    func(path string) (allowed bool) // reports whether a line with this path can be run
	open    int                              // details that aren't closed yet
}

// html returns a text as HTML.
func (m *markdown) html(source []byte) (template.HTML, error) {
	var out bytes.Buffer
	table := extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignNone))
	writer := goldmark.New(goldmark.WithExtensions(table),
		goldmark.WithParserOptions(parser.WithASTTransformers(util.Prioritized(withoutHints{}, 1), util.Prioritized(withScopes{}, 2))),
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
	register.Register(ast.KindImage, m.image)
}

// withoutHints removes the section Hints. The checklist shows each hint with its
// check.
type withoutHints struct{}

// Transform implements parser.ASTTransformer.
func (withoutHints) Transform(document *ast.Document, reader text.Reader, _ parser.Context) {
	within := 0 // the level of the section's heading
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

// withScopes says of each heading of a table that it is a column's.
type withScopes struct{}

// Transform implements parser.ASTTransformer.
func (withScopes) Transform(document *ast.Document, _ text.Reader, _ parser.Context) {
	_ = ast.Walk(document, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if header, ok := node.(*tables.TableHeader); ok && entering {
			for cell := header.FirstChild(); cell != nil; cell = cell.NextSibling() {
				cell.SetAttributeString("scope", []byte("col"))
			}
		}
		return ast.WalkContinue, nil
	})
}

// heading leaves out headings of level 1: the page has its own.
func (m *markdown) heading(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	level := node.(*ast.Heading).Level
	if level == 1 {
		return ast.WalkSkipChildren, nil
	}
	if entering {
		_, err := fmt.Fprintf(w, "<h%d>", level)
		return ast.WalkContinue, err
	}
	_, err := fmt.Fprintf(w, "</h%d>", level)
	if does := instead(string(node.Lines().Value(source))); does != "" {
		_, err = fmt.Fprintf(w, "\n<p class=\"quiet\">The commands are for a terminal. On this page, a button under <a href=\"#code\">Running code</a> %s.</p>\n", does)
	}
	return ast.WalkContinue, err
}

// instead returns what a button on the page does instead of the commands below a
// heading.
func instead(heading string) string {
	switch heading {
	case "Run it":
		return "starts the step"
	case "Try it yourself":
		return "creates your copy and runs it"
	}
	return ""
}

// sampled matches the URL of a sample trace, which isn't stored here.
var sampled = regexp.MustCompile(`\s+http://localhost:8126/trace/\d+$`)

// curl matches a line that sends a request to the api.
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
		if language == "" {
			text = sampled.ReplaceAllString(text, "")
		}
		here := m.here(text)
		switch asked := curl.FindStringSubmatch(strings.TrimSpace(text)); {
		case asked != nil && m.command != nil && m.runs(asked[1]):
			flush()
			_, _ = w.Write(m.command(asked[1], strings.TrimSpace(here))) // a buffer can't fail
		case language == "diff":
			fmt.Fprintf(&plain, "<span class=%q>%s\n</span>", changeOf(text), html.EscapeString(here))
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
	return strings.NewReplacer("http://localhost:5000", m.api, "http://localhost:5001", thinker, "localhost:8126", m.agent).Replace(text)
}

// kindOf returns the class of a block of code.
func kindOf(language string) string {
	switch language {
	case "sh", "diff", "go":
		return language
	}
	return "text"
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
