package terminal

import (
	"fmt"
	"strings"
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
