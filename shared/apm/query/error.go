package query

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A SyntaxError says where a query stops making sense.
type SyntaxError struct {
	Query    string
	Offset   int    // how many characters (Unicode code points) come before that place
	Expected string // what should stand there
}

func (e *SyntaxError) Error() string {
	if e.Offset >= utf8.RuneCountInString(e.Query) {
		return "at the end of the query: expected " + e.Expected
	}
	return fmt.Sprintf("at character %d of the query: expected %s", e.Offset+1, e.Expected)
}

// Caret is the query in one line, and a line with a caret below the place.
func (e *SyntaxError) Caret() string {
	line := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			return ' ' // which keeps the caret in its column
		}
		return r
	}, e.Query)
	return line + "\n" + strings.Repeat(" ", e.Offset) + "^"
}
