package traceview

import "strings"

// A sqlPart is a piece of a statement that is laid out.
type sqlPart struct {
	Text    string
	Keyword bool // with which a clause begins
}

// layOutSQL puts the clauses of a statement into lines of their own, and those
// of a statement within another further in. Nothing but the space between words
// changes: in any dialect, and in what is no SQL at all, no word is lost.
func layOutSQL(text string) []sqlPart {
	const longest = 100_000 // bytes
	if text == "" {
		return nil
	}
	// Whether a backslash ends a text in quotes, and # begins a comment, depends
	// on the dialect.
	unclear := strings.Contains(text, `\'`) || strings.Contains(text, `\"`) || strings.Contains(text, "#") && strings.Contains(text, "\n")
	if len(text) > longest || unclear {
		return []sqlPart{{Text: text}}
	}
	out := sqlLayout{tokens: scanSQL(text)}
	for out.at < len(out.tokens) {
		out.next()
	}
	return out.parts
}

// A sqlLayout goes through a statement's tokens.
type sqlLayout struct {
	tokens  []sqlToken
	at      int
	parts   []sqlPart
	nested  []bool // for each open parenthesis, whether a statement stands in it
	bounded bool   // after BETWEEN, whose AND is none of the conditions'
	ended   bool   // the line, by a comment
}

func (l *sqlLayout) next() {
	t := l.tokens[l.at]
	words := l.clause()
	switch {
	case t.text == ")" && len(l.nested) > 0:
		statement := l.nested[len(l.nested)-1]
		l.nested = l.nested[:len(l.nested)-1]
		l.put(t, statement, 0)
		l.at++
	case words > 0:
		l.put(t, true, 0)
		for n := range words {
			if n > 0 {
				l.put(l.tokens[l.at], false, 0)
			}
			l.parts[len(l.parts)-1].Keyword = true
			l.at++
		}
	case l.joins(t):
		l.put(t, true, 1)
		l.at++
	default:
		l.put(t, false, 0)
		l.at++
		if t.text == "(" {
			inner := l.word(0)
			l.nested = append(l.nested, inner == "SELECT" || inner == "WITH")
		}
	}
	switch t.upper() {
	case "BETWEEN":
		l.bounded = true
	case "AND":
		l.bounded = false
	}
}

// put writes a token, in a line of its own if it is told to and not the first.
func (l *sqlLayout) put(t sqlToken, line bool, further int) {
	before := ""
	switch {
	case len(l.parts) == 0:
	case line || l.ended:
		before = "\n" + strings.Repeat("  ", l.depth()+further)
	case t.spaced:
		before = " "
	}
	if before != "" {
		l.parts = append(l.parts, sqlPart{Text: before})
	}
	l.parts = append(l.parts, sqlPart{Text: t.text})
	l.ended = t.kind == sqlLineComment
}

// depth is how many statements the place is in, besides the outermost.
func (l *sqlLayout) depth() int {
	const deepest = 20
	depth := 0
	for _, statement := range l.nested {
		if statement {
			depth++
		}
	}
	return min(depth, deepest)
}

// within reports whether clauses may stand at the place: not in a function's
// parentheses.
func (l *sqlLayout) within() bool {
	return len(l.nested) == 0 || l.nested[len(l.nested)-1]
}

// joins reports whether the token joins two conditions.
func (l *sqlLayout) joins(t sqlToken) bool {
	word := t.upper()
	return l.within() && len(l.parts) > 0 && (word == "AND" && !l.bounded || word == "OR")
}

// word is the word so many tokens further on, in capitals.
func (l *sqlLayout) word(further int) string {
	if at := l.at + further; at >= 0 && at < len(l.tokens) {
		return l.tokens[at].upper()
	}
	return ""
}

// clause gives with how many words a clause begins here; 0 where none does.
func (l *sqlLayout) clause() int {
	if !l.within() {
		return 0
	}
	before, second, third := l.word(-1), l.word(1), l.word(2)
	switch l.word(0) {
	case "SELECT", "WHERE", "HAVING", "LIMIT", "OFFSET", "RETURNING", "VALUES", "WITH", "WINDOW":
		return 1
	case "SET":
		if before != "UPDATE" {
			return 1
		}
	case "FROM":
		if before != "DELETE" && before != "DISTINCT" {
			return 1
		}
	case "UPDATE":
		if before != "FOR" && before != "ON" && before != "DO" {
			return 1
		}
	case "DELETE":
		if second == "FROM" {
			return 2
		}
	case "INSERT", "REPLACE":
		if second == "INTO" {
			return 2
		}
	case "GROUP", "ORDER":
		if second == "BY" {
			return 2
		}
	case "UNION":
		if second == "ALL" {
			return 2
		}
		return 1
	case "INTERSECT", "EXCEPT":
		return 1
	case "JOIN":
		return 1
	case "INNER", "CROSS", "LEFT", "RIGHT", "FULL", "NATURAL":
		switch {
		case second == "JOIN":
			return 2
		case second == "OUTER" && third == "JOIN":
			return 3
		}
	case "ON":
		if second == "CONFLICT" {
			return 2
		}
	}
	return 0
}
