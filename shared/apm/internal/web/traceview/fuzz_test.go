package traceview

import (
	"slices"
	"strings"
	"testing"

	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
)

// These tests are inside the package because a page for each input would be too slow.

// FuzzLayOutSQL holds that no token is lost, moved or changed, whatever the text.
func FuzzLayOutSQL(f *testing.F) {
	for _, text := range []string{
		"SELECT a FROM b", "((SELECT", "')--/*\n$a$", "BETWEEN AND AND", "$1$2$ $$ $$", "ON CONFLICT", "LEFT", "--",
		"SELECT `a  b`, 'c  d' \x00 \xff FROM e",
	} {
		f.Add(text)
	}
	tokens := func(text string) (all []string) {
		for _, token := range scanSQL(text) {
			all = append(all, token.text)
		}
		return all
	}
	f.Fuzz(func(t *testing.T, text string) {
		var out strings.Builder
		for _, part := range layOutSQL(text) {
			out.WriteString(part.Text)
		}
		if !slices.Equal(tokens(out.String()), tokens(text)) {
			t.Errorf("%q is laid out as %q", text, &out)
		}
		withoutSpace := func(text string) string {
			return strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "", "\f", "", "\v", "").Replace(text)
		}
		if withoutSpace(out.String()) != withoutSpace(text) {
			t.Errorf("%q became %q", text, &out)
		}
	})
}

// FuzzSearchURL holds that a tag's link searches for that tag, whatever its name and value.
func FuzzSearchURL(f *testing.F) {
	f.Add("subject", "war")
	f.Add(`a"b\`, "*?\x00 OR -")
	f.Add("", "")
	f.Fuzz(func(t *testing.T, name, value string) {
		field := tagField(name)
		if searchURL(page.URL{}, field, value) == "" {
			return
		}
		q, err := query.Parse(query.Term{Field: field, Test: query.Literal(value)}.String())
		if err != nil {
			t.Fatal(err)
		}
		if term, ok := q.Expr.(query.Term); !ok || term.Field != field || !term.Test.MatchText(value) {
			t.Errorf("%q:%q leads to %v", name, value, q)
		}
	})
}
