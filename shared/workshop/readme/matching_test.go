package readme

import (
	"regexp"
	"strings"
)

// leftOut is a line that matches any number of lines.
const leftOut = "…"

// What differs from run to run, and its replacement.
var varying = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(` *▇+ *`), " BAR "},
	{regexp.MustCompile(`\b\d{4}[-/]\d\d[-/]\d\d[ T]\d\d:\d\d:\d\d([.,]\d+)?(Z|[+-]\d\d:\d\d)?`), "TIME"},
	{regexp.MustCompile(`\b\d\d:\d\d:\d\d([.,]\d+)?\b`), "TIME"},
	{regexp.MustCompile(`\b\d+(\.\d+)? ?(ns|µs|ms|s|min)\b`), "DURATION"},
	{regexp.MustCompile(`\b([0-9a-f]{32}|[0-9a-f]{16}|\d{10,})\b`), "ID"},
	{regexp.MustCompile(`(\S) +`), "$1 "},
}

// normalize replaces what differs from run to run: IDs, times, durations, bars,
// and how wide columns are.
func normalize(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \r\n")
		for _, v := range varying {
			line = v.pattern.ReplaceAllString(line, v.with)
		}
		lines = append(lines, strings.TrimRight(line, " "))
	}
	for len(lines) > 0 && lines[0] == "" {
		lines = lines[1:]
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// Equal reports whether the printed text is the shown one.
func Equal(shown, printed string) bool {
	return match(normalize(shown), normalize(printed))
}

// Contains reports whether the printed text has each paragraph of the shown one.
func Contains(shown, printed string) bool {
	all := normalize(printed)
	for _, paragraph := range paragraphs(shown) {
		pattern := append(append([]string{leftOut}, normalize(paragraph)...), leftOut)
		if !match(pattern, all) {
			return false
		}
	}
	return true
}

// match reports whether lines are those of the pattern.
func match(pattern, lines []string) bool {
	switch {
	case len(pattern) == 0:
		return len(lines) == 0
	case strings.TrimSpace(pattern[0]) == leftOut:
		for i := 0; i <= len(lines); i++ {
			if match(pattern[1:], lines[i:]) {
				return true
			}
		}
		return false
	}
	return len(lines) > 0 && pattern[0] == lines[0] && match(pattern[1:], lines[1:])
}

// paragraphs splits a text at its blank lines.
func paragraphs(text string) []string {
	return regexp.MustCompile(`\n\s*\n`).Split(strings.Trim(text, "\n"), -1)
}

// Printed returns what to show instead of a text. If the text shows trees in the step's
// terminal, that is the trees of the same requests, and otherwise the whole output. It
// returns the text itself if there is nothing better.
func Printed(shown, output, terminal string) string {
	if strings.Contains("\n"+shown, "\n"+leftOut+"\n") {
		return shown
	}
	trees := map[string][]string{}
	for _, tree := range findTrees(terminal) {
		trees[title(tree)] = append(trees[title(tree)], tree)
	}
	var found []string
	for _, paragraph := range paragraphs(shown) {
		same := trees[title(paragraph)]
		if len(same) == 0 {
			break
		}
		chosen := same[0]
		for _, tree := range same { // the one that it shows, if there is one
			if Equal(paragraph, tree) {
				chosen = tree
			}
		}
		found = append(found, chosen)
	}
	switch {
	case len(found) == len(paragraphs(shown)):
		return strings.Join(found, "\n")
	case strings.TrimSpace(output) != "":
		return strings.Trim(output, "\n") + "\n"
	}
	return shown
}

// title returns the request in a tree's first line.
func title(tree string) string {
	line, _, _ := strings.Cut(tree, "\n")
	name, _, _ := strings.Cut(line, "   ")
	return name
}

var treeTitle = regexp.MustCompile(`^[A-Z]+ /\S* +\d{3} `)

// findTrees returns the traces that a step's terminal shows.
func findTrees(text string) (trees []string) {
	tree := ""
	for line := range strings.Lines(text + "\n\n") {
		switch {
		case treeTitle.MatchString(line):
			tree = line
		case tree != "" && strings.HasPrefix(line, "  ") && !strings.Contains(line, " │ "):
			tree += line
		case tree != "":
			trees = append(trees, tree)
			tree = ""
		}
	}
	return trees
}
