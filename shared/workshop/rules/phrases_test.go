package rules_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"thinker/shared/workshop/checkout"
)

// phrases are phrases that no text for people may have, and what to write instead.
var phrases = []struct{ phrase, instead string }{
	{`in vain`, "say what failed"},
	{`who (?:asks|asked)`, "name the client or the caller"},
	{`(?:those|such) (?:that|who|as are)`, "name them"},
	{`somebody`, "name who does it"},
	{`whoever|whomever`, "name who does it"},
	{`for want of`, "because there is no …"},
	{`what is there`, "name it"},
	{`thinks it over`, "say what it does"},
	{`lets? go`, "drops, or closes"},
	{`(?:is|are|was|were) dealt`, "say what happens"},
	{`takes? in|took in|taken in|taking in`, "accepts, receives or ingests"},
	{`cannot be (?:had|told)`, "say what isn't known, and why"},
	{`(?:is|are|be) to be (?:had|seen|found)`, "say who sees it, and where"},
	{`come by`, "say where it is from"},
	{`sees? to it`, "say what it does"},
	{`thereof|wherein|whereupon|hereby|lest`, "use modern words"},
	{`had back`, "restored"},
	{`the one [^.,;]{1,40} the other`, "name both"},
}

var banned = func() *regexp.Regexp {
	var all []string
	for _, p := range phrases {
		all = append(all, "("+p.phrase+")")
	}
	return regexp.MustCompile(`(?i)\b(?:` + strings.Join(all, "|") + `)\b`)
}()

// findPhrases returns each phrase in a text with its line and what to write
// instead.
func findPhrases(file string, line int, text string) (found []string) {
	for i, text := range strings.Split(text, "\n") {
		for _, at := range banned.FindAllStringSubmatchIndex(text, -1) {
			for p := range phrases {
				if at[2+2*p] >= 0 {
					found = append(found,
						fmt.Sprintf("%s:%d: %q: %s", file, line+i, text[at[0]:at[1]], phrases[p].instead))
				}
			}
		}
	}
	return found
}

// TestPhrases finds phrases that make text hard to read: in Markdown, pages, scripts, and the
// strings in Go code, which are messages and labels. Learners also read the comments in a
// step and in serve.
func TestPhrases(t *testing.T) {
	root := checkout.Root(t)
	for _, file := range checkout.Files(t) {
		if strings.Contains(file, "/testdata/") || strings.HasSuffix(file, "_test.go") {
			continue
		}
		var found []string
		switch text := func() string { return checkout.Read(t, filepath.Join(root, file)) }; path.Ext(file) {
		case ".md", ".txt", ".html", ".yml", ".json":
			found = findPhrases(file, 1, text())
		case ".mjs":
			found = findPhrases(file, 1, scriptComment.ReplaceAllStringFunc(text(), onlyLines))
		case ".go":
			found = phrasesOfCode(t, file, text())
		default:
			if path.Base(file) == "Makefile" || path.Base(file) == "Dockerfile" {
				found = findPhrases(file, 1, text())
			}
		}
		for _, phrase := range found {
			t.Error(phrase)
		}
	}
}

var scriptComment = regexp.MustCompile(`(?m)(^|[ \t])//.*$|(?s:/\*.*?\*/)`)

// onlyLines returns the ends of the lines of a text.
func onlyLines(text string) string { return strings.Repeat("\n", strings.Count(text, "\n")) }

func phrasesOfCode(t *testing.T, file, text string) (found []string) {
	t.Helper()
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, file, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(parsed, func(node ast.Node) bool {
		literal, ok := node.(*ast.BasicLit)
		if ok && literal.Kind == token.STRING {
			value := literal.Value // of which the lines are counted
			if !strings.HasPrefix(value, "`") {
				value, _ = strconv.Unquote(value)
				value = strings.ReplaceAll(value, "\n", " ")
			}
			found = append(found, findPhrases(file, files.Position(literal.Pos()).Line, value)...)
		}
		return true
	})
	if strings.HasPrefix(file, "step") || strings.HasPrefix(file, "shared/serve/") {
		for _, comments := range parsed.Comments {
			for _, comment := range comments.List {
				found = append(found, findPhrases(file, files.Position(comment.Pos()).Line, comment.Text)...)
			}
		}
	}
	return found
}

func TestFindPhrases(t *testing.T) {
	for text, want := range map[string]string{
		"It asks in vain.":             `a.md:7: "in vain": say what failed`,
		"one\nThose that fail":         `a.md:8: "Those that": name them`,
		"the agent takes in the spans": `a.md:7: "takes in": accepts, receives or ingests`,
		"It contains invariants.":      "",
		"Somebody's trace":             `a.md:7: "Somebody": name who does it`,
	} {
		if got := strings.Join(findPhrases("a.md", 7, text), "\n"); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
	code := "package a\n\n// in vain\nvar a, b = \"in vain\", `\nin vain`\n"
	for file, want := range map[string]int{"shared/apm/a.go": 2, "step01/api/a.go": 3} {
		if got := phrasesOfCode(t, file, code); len(got) != want {
			t.Errorf("%s has %q, want %d", file, got, want)
		}
	}
}
