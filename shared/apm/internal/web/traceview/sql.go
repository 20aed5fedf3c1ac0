package traceview

import (
	"regexp"
	"strings"
)

// A sqlPart is a piece of a statement that is laid out.
type sqlPart struct {
	Text    string
	Keyword bool // a clause begins with it
}

// layOutSQL puts each clause of a statement on a line, and indents nested statements.
// It only changes the space between tokens, so nothing is lost of a statement in any
// dialect, or of a text that isn't SQL. DataDog/go-sqllexer loses text: it ends at a NUL
// byte and splits names in backquotes. It would also lengthen the command's cold build.
func layOutSQL(text string) []sqlPart {
	const longest = 100_000 // bytes
	if text == "" {
		return nil
	}
	// Whether a backslash escapes a quote, and # begins a comment, depends on the dialect.
	unclear := strings.Contains(text, `\'`) || strings.Contains(text, `\"`) ||
		strings.Contains(text, "#") && strings.Contains(text, "\n")
	if len(text) > longest || unclear {
		return []sqlPart{{Text: text}}
	}
	out := sqlLayout{tokens: scanSQL(text)}
	for len(out.tokens) > out.at {
		out.next()
	}
	return out.parts
}

// A sqlToken is a word, a number, a text in quotes, a comment or a sign.
type sqlToken struct {
	text   string
	word   string // in capitals; empty for a token that isn't a word
	spaced bool   // there is space before it
}

var (
	sqlTokens = regexp.MustCompile(`(?s)^([ \t\r\n\f\v]*)` + // the space before
		`(?:([\w$\x{80}-\x{10FFFF}]+)` + // a word
		`|--[^\n]*|/\*(?:.*?\*/|.*)|'[^']*'?|"[^"]*"?|` + "`[^`]*`?" + `|[^ \t\r\n\f\v])`)
	// PostgreSQL's $tag$ stands before and after a text.
	sqlDollarTag = regexp.MustCompile(`^\$(?:[A-Za-z_\x{80}-\x{10FFFF}][\w\x{80}-\x{10FFFF}]*)?\$`)
	sqlClause    = regexp.MustCompile(`^(?:SELECT|WHERE|HAVING|LIMIT|OFFSET|RETURNING|VALUES|WITH|WINDOW|SET|FROM` +
		`|UPDATE|DELETE FROM|(?:INSERT|REPLACE) INTO|(?:GROUP|ORDER) BY|UNION ALL|UNION|INTERSECT|EXCEPT` +
		`|JOIN|(?:INNER|CROSS|LEFT|RIGHT|FULL|NATURAL)(?: OUTER)? JOIN|ON CONFLICT)(?: |$)`)
	// The second of these words begins no clause.
	sqlNoClause = regexp.MustCompile(`^(?:UPDATE SET|DELETE FROM|DISTINCT FROM|(?:FOR|ON|DO) UPDATE)$`)
)

// scanSQL divides a statement into tokens. These are all of it but the space between.
func scanSQL(text string) (tokens []sqlToken) {
	for {
		found := sqlTokens.FindStringSubmatchIndex(text)
		if found == nil {
			return tokens
		}
		begin, end := found[3], found[1]
		t := sqlToken{spaced: begin > 0}
		if tag := sqlDollarTag.FindString(text[begin:]); tag != "" {
			end = len(text)
			if at := strings.Index(text[begin+len(tag):], tag); at >= 0 {
				end = begin + len(tag) + at + len(tag)
			}
		} else if found[4] >= 0 {
			t.word = strings.ToUpper(text[begin:end])
		}
		t.text = text[begin:end]
		tokens, text = append(tokens, t), text[end:]
	}
}

// A sqlLayout goes through a statement's tokens.
type sqlLayout struct {
	tokens  []sqlToken
	at      int
	parts   []sqlPart
	nested  []bool // for each open parenthesis, whether a statement stands in it
	between bool   // the next AND belongs to a BETWEEN
}

// next writes a token, or the words with which a clause begins.
func (l *sqlLayout) next() {
	t := l.tokens[l.at]
	inClause := len(l.nested) == 0 || l.nested[len(l.nested)-1] // not within a function's parentheses
	words := 0
	if inClause {
		words = l.clause()
	}
	switch {
	case t.text == ")" && len(l.nested) > 0:
		l.nested = l.nested[:len(l.nested)-1]
		l.put(inClause, 0)
	case words > 0:
		for n := range words {
			l.put(n == 0, 0)
			l.parts[len(l.parts)-1].Keyword = true
		}
	case inClause && l.at > 0 && (t.word == "AND" && !l.between || t.word == "OR"):
		l.put(true, 1)
	default:
		l.put(false, 0)
		if t.text == "(" {
			inner := l.word(0)
			l.nested = append(l.nested, inner == "SELECT" || inner == "WITH")
		}
	}
	if t.word == "BETWEEN" || t.word == "AND" {
		l.between = t.word == "BETWEEN"
	}
}

// put writes a token. With line, it starts a new line, except before the first token.
func (l *sqlLayout) put(line bool, further int) {
	const deepest = 20
	t := l.tokens[l.at]
	switch {
	case l.at == 0:
	case line || strings.HasPrefix(l.tokens[l.at-1].text, "--"):
		depth := 0
		for _, statement := range l.nested {
			if statement {
				depth++
			}
		}
		l.parts = append(l.parts, sqlPart{Text: "\n" + strings.Repeat("  ", min(depth, deepest)+further)})
	case t.spaced:
		l.parts = append(l.parts, sqlPart{Text: " "})
	}
	l.parts = append(l.parts, sqlPart{Text: t.text})
	l.at++
}

// word returns the word so many tokens further on, or an empty text.
func (l *sqlLayout) word(further int) string {
	if at := l.at + further; at >= 0 && at < len(l.tokens) {
		return l.tokens[at].word
	}
	return ""
}

// clause returns the number of words with which a clause begins here, or 0.
func (l *sqlLayout) clause() int {
	if sqlNoClause.MatchString(l.word(-1) + " " + l.word(0)) {
		return 0
	}
	return len(strings.Fields(sqlClause.FindString(l.word(0) + " " + l.word(1) + " " + l.word(2))))
}
