package traceview

import (
	"strings"
	"unicode/utf8"
)

// A sqlToken is a word, a number, a text in quotes, a comment or a sign.
type sqlToken struct {
	text   string
	kind   sqlKind
	spaced bool // there is space before it
}

type sqlKind int

const (
	sqlSign sqlKind = iota
	sqlWord
	sqlQuoted
	sqlLineComment
	sqlComment
)

// upper is a word in capitals; empty for what is none.
func (t sqlToken) upper() string {
	if t.kind != sqlWord {
		return ""
	}
	return strings.ToUpper(t.text)
}

// scanSQL divides a statement. The tokens are all of it but for the space
// between them.
func scanSQL(text string) (tokens []sqlToken) {
	spaced := false
	for text != "" {
		if strings.IndexByte(" \t\r\n\f\v", text[0]) >= 0 {
			spaced, text = true, text[1:]
			continue
		}
		length, kind := scanToken(text)
		tokens = append(tokens, sqlToken{text[:length], kind, spaced})
		spaced, text = false, text[length:]
	}
	return tokens
}

func scanToken(text string) (length int, kind sqlKind) {
	switch c := text[0]; {
	case strings.HasPrefix(text, "--"):
		return until(text, 2, "\n", 0), sqlLineComment
	case strings.HasPrefix(text, "/*"):
		return until(text, 2, "*/", 2), sqlComment
	case c == '\'' || c == '"' || c == '`':
		return until(text, 1, text[:1], 1), sqlQuoted
	case c == '$':
		if tag := dollarTag(text); tag != "" {
			return until(text, len(tag), tag, len(tag)), sqlQuoted
		}
		return max(1, wordLength(text)), sqlWord
	case isSQLWord(c):
		return wordLength(text), sqlWord
	}
	return 1, sqlSign
}

// until is the length up to an end after from, with so much of the end; all
// that is left where there is none. A quote that is doubled ends one text and
// begins the next, with nothing between them.
func until(text string, from int, end string, with int) int {
	if at := strings.Index(text[from:], end); at >= 0 {
		return from + at + with
	}
	return len(text)
}

// dollarTag is what PostgreSQL's $tag$ texts begin and end with.
func dollarTag(text string) string {
	end := strings.IndexByte(text[1:], '$')
	if end < 0 {
		return ""
	}
	for i := 1; i <= end; i++ {
		if !isSQLWord(text[i]) || text[i] == '$' || i == 1 && '0' <= text[i] && text[i] <= '9' {
			return ""
		}
	}
	return text[:end+2]
}

func wordLength(text string) int {
	length := 0
	for length < len(text) && isSQLWord(text[length]) {
		length++
	}
	return length
}

func isSQLWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '$' || c >= utf8.RuneSelf
}
