package rules_test

import (
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"

	"thinker/shared/workshop/checkout"
)

// TestLinks_Markdown checks that each relative link in a Markdown file leads to a
// file, and each fragment to a heading. Links to other sites aren't followed, and
// those to the agent's pages are followed where the READMEs' blocks are run.
func TestLinks_Markdown(t *testing.T) {
	root := checkout.Root(t)
	links := 0
	for _, file := range checkout.Files(t) {
		if path.Ext(file) != ".md" {
			continue
		}
		page := readMarkdown(checkout.Read(t, filepath.Join(root, file)))
		for _, link := range page.links {
			links++
			if err := checkLink(root, file, link); err != nil {
				t.Errorf("%s: link to %s: %v", file, link, err)
			}
		}
	}
	if links < 20 {
		t.Errorf("found %d links", links)
	}
}

func TestCheckLink(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"README.md":       "# The title\n\n## What's *new*, `x`?\n\n## Again\n\n## Again\n\n<a id=\"here\"></a>\n",
		"step01/a b.md":   "# One\n",
		"step01/main.go":  "package main\n",
		"step01/trace.md": "```text\n# no heading\n```\n",
	} {
		file := filepath.Join(root, filepath.FromSlash(name))
		checkout.Write(t, file, text)
	}
	for _, c := range []struct {
		link string
		well bool
	}{
		{"../README.md", true},
		{"../README.md#the-title", true},
		{"../README.md#whats-new-x", true},
		{"../README.md#again-1", true},
		{"../README.md#again-2", false},
		{"../README.md#here", true},
		{"../README.md#the-end", false},
		{"a%20b.md#one", true},
		{"main.go", true},
		{"main.go#L1", true},
		{"../step01", true},
		{"../step02", false},
		{"../../outside", false},
		{"#no-heading", false},
		{"https://example.com/nowhere", true},
		{"mailto:a@example.com", true},
	} {
		if err := checkLink(root, "step01/trace.md", c.link); (err == nil) != c.well {
			t.Errorf("%s: %v, want a link that works: %v", c.link, err, c.well)
		}
	}
}

func checkLink(root, file, link string) error {
	target, err := url.Parse(link)
	if err != nil {
		return err
	}
	if target.Scheme != "" {
		return nil
	}
	name := file
	if target.Path != "" {
		name = path.Join(path.Dir(file), target.Path)
	}
	if strings.HasPrefix(name, "../") {
		return fmt.Errorf("it leaves the repository")
	}
	found := filepath.Join(root, filepath.FromSlash(name))
	if _, err := os.Stat(found); err != nil {
		return err
	}
	if target.Fragment == "" || path.Ext(name) != ".md" {
		return nil
	}
	text, err := os.ReadFile(found)
	if err != nil {
		return err
	}
	if page := readMarkdown(string(text)); !page.anchors[target.Fragment] {
		return fmt.Errorf("%s has no heading for #%s", name, target.Fragment)
	}
	return nil
}

// A markdownPage is what a Markdown file links to, and what can be linked to in it.
type markdownPage struct {
	links   []string
	anchors map[string]bool
}

var (
	attribute = regexp.MustCompile(`\b(href|src|srcset)="([^"]*)"`)
	anchor    = regexp.MustCompile(`\b(?:id|name)="([^"]*)"`)
)

func readMarkdown(source string) markdownPage {
	page := markdownPage{anchors: map[string]bool{}}
	html := func(raw string) {
		for _, found := range attribute.FindAllStringSubmatch(raw, -1) {
			page.links = append(page.links, found[2])
		}
		for _, found := range anchor.FindAllStringSubmatch(raw, -1) {
			page.anchors[found[1]] = true
		}
	}
	document := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader([]byte(source)))
	used := map[string]int{}
	ast.Walk(document, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch node := node.(type) {
		case *ast.Link:
			page.links = append(page.links, string(node.Destination))
		case *ast.Image:
			page.links = append(page.links, string(node.Destination))
		case *ast.Heading:
			slug := slugOf(textOf(node, []byte(source)))
			if n := used[slug]; n > 0 {
				page.anchors[fmt.Sprintf("%s-%d", slug, n)] = true
			}
			page.anchors[slug] = true
			used[slug]++
		case *ast.RawHTML:
			html(string(node.Segments.Value([]byte(source))))
		case *ast.HTMLBlock:
			html(string(node.Lines().Value([]byte(source))))
		}
		return ast.WalkContinue, nil
	})
	return page
}

func textOf(node ast.Node, source []byte) string {
	var out strings.Builder
	for child := node.FirstChild(); child != nil; child = child.NextSibling() {
		switch child := child.(type) {
		case *ast.Text:
			out.Write(child.Value(source))
		case *ast.String:
			out.Write(child.Value)
		default:
			out.WriteString(textOf(child, source))
		}
	}
	return out.String()
}

// slugOf returns the fragment that GitHub gives a heading.
func slugOf(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
}

// TestLinks_Templates checks the links that a page's template spells out: a file
// that it loads exists, a path has a handler, and a fragment an element.
func TestLinks_Templates(t *testing.T) {
	root := checkout.Root(t)
	var templates, code strings.Builder
	static := map[string]bool{}
	for _, file := range checkout.Files(t) {
		switch {
		case path.Base(path.Dir(file)) == "static":
			static[path.Base(file)] = true
		case path.Base(path.Dir(file)) == "templates":
			templates.WriteString(checkout.Read(t, filepath.Join(root, file)))
		case path.Ext(file) == ".go" && !strings.HasSuffix(file, "_test.go") && strings.HasPrefix(file, "shared/"):
			code.WriteString(checkout.Read(t, filepath.Join(root, file)))
		}
	}
	routes := regexp.MustCompile(`"(?:GET |POST )?(/[a-z][^"]*)"`).FindAllStringSubmatch(code.String(), -1)
	links := 0
	attribute := regexp.MustCompile(`\b(?:href|src|action)="([/#][^"]*)"`)
	for _, found := range attribute.FindAllStringSubmatch(templates.String(), -1) {
		link, _, isTemplate := strings.Cut(found[1], "{{")
		link, _, _ = strings.Cut(link, "?")
		links++
		works := false
		switch {
		case strings.HasPrefix(link, "#"):
			works = isTemplate || strings.Contains(templates.String(), `id="`+link[1:]+`"`)
		case strings.HasPrefix(link, "/static/"):
			works = isTemplate || static[path.Base(link)]
		case strings.HasPrefix(link, "/workshop/"): // its handler looks at the last element
			works = isTemplate || strings.Contains(code.String(), `"`+path.Base(link)+`"`)
		default:
			for _, route := range routes {
				works = works || route[1] == link || isTemplate && strings.HasPrefix(route[1], link)
			}
		}
		if !works {
			t.Errorf("a template links to %s, which doesn't exist", found[1])
		}
	}
	if links == 0 {
		t.Error("found no links")
	}
}
