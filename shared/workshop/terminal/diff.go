package terminal

import (
	"strings"
	"unicode"
)

// Diff is a hunk of a unified diff: what is removed in red, what is added in green.
func (t *Terminal) Diff(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		line = strings.Map(visible, strings.TrimSuffix(line, "\n"))
		switch {
		case strings.HasPrefix(line, "@@"):
			line = t.dim(line)
		case strings.HasPrefix(line, "+"):
			line = t.sgr("32", line)
		case strings.HasPrefix(line, "-"):
			line = t.Red(line)
		}
		out.WriteString(line + "\n")
	}
	return out.String()
}

// visible is a sign of code as a terminal may be given it.
func visible(r rune) rune {
	if r == '\t' || unicode.IsPrint(r) {
		return r
	}
	return '\uFFFD'
}
