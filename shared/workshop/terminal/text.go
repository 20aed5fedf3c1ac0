package terminal

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/mattn/go-runewidth"
)

// A Mark is the mark before an item of a list.
type Mark string

// The marks of passed, failed, and neither.
const (
	Yes     Mark = "✓"
	No      Mark = "✗"
	Neither Mark = "–"
)

const labelWidth = 20 // columns: thinker-microservice

// Item writes an item of a list: its mark, its label, and beside it each text as a
// paragraph. On a terminal, it breaks the texts into lines.
func (t *Terminal) Item(mark Mark, label string, texts ...string) {
	const margin = 2 + 2 + labelWidth + 2
	var out strings.Builder
	for _, text := range texts {
		text = printable(text)
		if t.screen {
			text = strings.TrimSpace(t.Paragraph(strings.Repeat(" ", margin), text))
		}
		if out.Len() == 0 {
			fmt.Fprintf(&out, "  %s %s  %s\n", t.marked(mark), pad(label, labelWidth), text)
		} else {
			fmt.Fprintf(&out, "%s%s\n", strings.Repeat(" ", margin), text)
		}
	}
	t.write(out.String())
}

const maxParagraph = 88 // columns, beyond which lines are hard to read

// Paragraph breaks text into lines that fit, each with the margin before it.
func (t *Terminal) Paragraph(margin, text string) string {
	width := min(t.columns(), maxParagraph)
	var out strings.Builder
	column := 0
	for word := range strings.FieldsSeq(printable(text)) {
		length := columnsOf(word)
		switch {
		case column == 0:
			out.WriteString(margin)
			column = columnsOf(margin)
		case column+1+length > width:
			out.WriteString("\n" + margin)
			column = columnsOf(margin)
		default:
			out.WriteString(" ")
			column++
		}
		out.WriteString(word)
		column += length
	}
	return out.String() + "\n"
}

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

// measure returns the rules for the width of text: 思 takes two columns, a combining
// accent none. Ambiguous characters such as the bars count as narrow, as they are outside
// of East Asian fonts.
func measure() *runewidth.Condition { return &runewidth.Condition{StrictEmojiNeutral: true} }

// columnsOf returns how many columns text takes.
func columnsOf(s string) int { return measure().StringWidth(s) }

// pad makes text exactly as wide as given.
func pad(s string, width int) string { return measure().FillRight(shorten(s, width), width) }

// shorten makes text at most as wide as given.
func shorten(s string, width int) string { return measure().Truncate(s, max(0, width), "…") }
