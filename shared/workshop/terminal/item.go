package terminal

import (
	"strings"
	"unicode/utf8"
)

// A Mark stands before an item of a list.
type Mark string

// The marks say yes, no, and that there is neither.
const (
	Yes     Mark = "✓"
	No      Mark = "✗"
	Neither Mark = "–"
)

const labelWidth = 20 // columns: thinker-microservice

// Item writes an item of a list: its mark, what it is about, and each text in a
// paragraph of its own beside that. On a terminal they are broken into lines.
func (t *Terminal) Item(mark Mark, label string, texts ...string) {
	const margin = 2 + 2 + labelWidth + 2
	var out strings.Builder
	for i, text := range texts {
		for j, line := range t.lines(printable(text), margin) {
			if i == 0 && j == 0 {
				out.WriteString("  " + t.marked(mark) + " " + pad(label, labelWidth) + "  " + line + "\n")
			} else {
				out.WriteString(strings.Repeat(" ", margin) + line + "\n")
			}
		}
	}
	t.write(out.String())
}

func (t *Terminal) marked(mark Mark) string {
	switch mark {
	case Yes:
		return t.sgr("32", string(mark))
	case No:
		return t.Red(string(mark))
	default:
		return t.dim(string(mark))
	}
}

// lines breaks text where a terminal ends; a word that is longer stays whole, as
// it may be an address.
func (t *Terminal) lines(text string, margin int) (lines []string) {
	if !t.screen {
		return []string{text}
	}
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && margin+utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > t.columns() {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return append(lines, line)
}
