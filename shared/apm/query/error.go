package query

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A SyntaxError is the first mistake in a query.
type SyntaxError struct {
	Query    string
	Offset   int    // of the mistake, in characters (Unicode code points)
	Expected string // what the query should have at the offset
}

func (e *SyntaxError) Error() string {
	if e.Offset >= utf8.RuneCountInString(e.Query) {
		return "at the end of the query: expected " + e.Expected
	}
	return fmt.Sprintf("at character %d of the query: expected %s", e.Offset+1, e.Expected)
}

// Caret returns the query on one line, and a second line with a caret below the mistake.
func (e *SyntaxError) Caret() string {
	line := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			return ' ' // of the same width, so that the caret stays in its column
		}
		return r
	}, e.Query)
	return line + "\n" + strings.Repeat(" ", e.Offset) + "^"
}
