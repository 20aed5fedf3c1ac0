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
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// A markdown writes GitHub's Markdown as HTML that can stand in our pages. What
// is HTML in it stays text, but for details, summary and code.
type markdown struct {
	step    int                              // whose directory its links start from
	agent   string                           // host and port of the page that is asked for
	api     string                           // where the requests go
	thinker string                           // where the thinker answers, unless that is as the text says
	command func(path, text string) []byte   // a line that asks the api; nil where none can be run
	runs    func(path string) (allowed bool) // whether a line with this path can be run
	open    int                              // details that are not closed yet
	folded  bool                             // within the part that shows the solution
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
func (m *markdown) heading(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	level := node.(*ast.Heading).Level
	if level == 1 {
		return ast.WalkSkipChildren, nil
	}
	if entering {
		if m.folded && level == 2 {
			m.folded = false
			if m.open > 0 { // else it was closed by the text
				m.open--
				_, _ = w.WriteString("</details>\n") // an error stays with the writer
			}
		}
		_, err := fmt.Fprintf(w, "<h%d>", level)
		return ast.WalkContinue, err
	}
	_, err := fmt.Fprintf(w, "</h%d>", level)
	says := string(node.Lines().Value(source))
	if does := instead(says); does != "" {
		_, err = fmt.Fprintf(w, "\n<p class=\"quiet\">On this page, a button under <a href=\"#code\">What runs</a> %s; the commands are for a terminal.</p>\n", does)
	}
	if says == solution && level == 2 {
		m.folded = true
		m.open++
		_, err = w.WriteString("\n<details><summary>Show it. It is also the solution of the exercise below, if you want to try that first.</summary>\n")
	}
	return ast.WalkContinue, err
}

// solution heads the part that is folded, as the exercise comes after it.
const solution = "What changed"

// instead is what a button on the page does in place of the commands below a
// heading.
func instead(heading string) string {
	switch heading {
	case "Run it":
		return "starts the step"
	case "Try it yourself":
		return "makes the copy and runs it"
	}
	return ""
}

// sampled is the end of a sample trace's first line: a trace that is not here.
var sampled = regexp.MustCompile(`\s+http://localhost:8126/trace/\d+$`)

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
		if language == "" {
			text = sampled.ReplaceAllString(text, "")
		}
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
	thinker := cmp.Or(m.thinker, "http://localhost:5001")
	return strings.NewReplacer("http://localhost:5000", m.api, "http://localhost:5001", thinker, "localhost:8126", m.agent).Replace(text)
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
