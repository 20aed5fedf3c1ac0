package terminal

import (
	"strings"
	"unicode"
)

// Diff formats a hunk of a unified diff: removed lines in red, added lines in green.
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

// visible replaces a control character of code.
func visible(r rune) rune {
	if r == '\t' || unicode.IsPrint(r) {
		return r
	}
	return '\uFFFD'
}
