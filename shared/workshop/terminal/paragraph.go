package terminal

import "strings"

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
