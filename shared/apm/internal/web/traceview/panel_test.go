package traceview

import (
	"strings"
	"testing"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
)

func TestAStackTellsOwnCodeFromThatOfOthers(t *testing.T) {
	for name, c := range map[string]struct{ text, own, others string }{
		"go": {
			"goroutine 1 [running]:\nruntime/debug.Stack()\n\t/usr/local/go/src/runtime/debug/stack.go:26\nmain.think(...)\n\t/src/thoughts.go:41 +0x1\ngithub.com/gorilla/mux.(*Router).ServeHTTP(0x1)\n\t/go/pkg/mod/github.com/gorilla/mux@v1.8.1/mux.go:212\n",
			"goroutine 1|main.think|thoughts.go:41", "runtime/debug.Stack|stack.go:26|gorilla/mux.|mux.go:212",
		},
		"java": {
			"java.lang.IllegalStateException: no\r\n\tat com.example.Shop.pay(Shop.java:12)\r\n\tat java.base/java.lang.Thread.run(Thread.java:840)",
			"IllegalStateException|com.example.Shop.pay", "Thread.run",
		},
		"python": {
			"Traceback (most recent call last):\n  File \"/app/shop.py\", line 3, in pay\n    charge()\n  File \"/usr/lib/python3.12/http/client.py\", line 9, in send\n    raise Refused()\nRefused: no",
			"Traceback|shop.py|charge()|Refused: no", "client.py|raise Refused()",
		},
		"node":   {"Error: no\n    at pay (/app/shop.js:3:9)\n    at next (/app/node_modules/express/index.js:1:2)\n    at node:internal/main:3", "Error: no|shop.js", "express|node:internal"},
		"no one": {"something else\n\twent wrong", "something|went", ""},
	} {
		var own, others, whole []string
		for _, line := range stack(c.text) {
			whole = append(whole, line.Text)
			if line.Other {
				others = append(others, line.Text)
			} else {
				own = append(own, line.Text)
			}
		}
		if got, want := strings.Join(whole, "\n"), strings.TrimRight(strings.ReplaceAll(c.text, "\r", ""), "\n"); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
		for _, part := range strings.Split(c.own, "|") {
			if !strings.Contains(strings.Join(own, "\n"), part) {
				t.Errorf("%s: %s is not own", name, part)
			}
		}
		for _, part := range strings.Split(c.others, "|") {
			if !strings.Contains(strings.Join(others, "\n"), part) {
				t.Errorf("%s: %s is own", name, part)
			}
		}
	}
	if lines := stack("\n"); len(lines) != 0 {
		t.Errorf("%v", lines)
	}
}

func TestATagsValueCanBeSearchedFor(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"subject", "war", "/traces?query=%40subject%3Awar"},
		{"env", "workshop", "/traces?query=env%3Aworkshop"},
		{"a b", `say "hi" * AND`, "/traces?query=%40a%5C+b%3A%22say+%5C%22hi%5C%22+%2A+AND%22"},
		{"duration", "5", ""},
		{"long", strings.Repeat("x", 1001), ""},
	} {
		if got := searchURL(page.URL{}, tagField(c.name), c.value); got != c.want {
			t.Errorf("%s:%s is %s, want %s", c.name, c.value, got, c.want)
		}
	}
}

// Whatever a tag is called and holds, what its link asks for is that tag.
func FuzzATagsSearch(f *testing.F) {
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
		if term, ok := q.Expr.(query.Term); !ok || term.Field != field {
			t.Errorf("%q:%q asks for %v", name, value, q)
		}
	})
}

func TestSQLIsLaidOut(t *testing.T) {
	for text, want := range map[string]string{
		"SELECT id, quote FROM thought WHERE subject = ? AND id > 3 ORDER BY id LIMIT 1": "SELECT id, quote\nFROM thought\nWHERE subject = ?\n  AND id > 3\nORDER BY id\nLIMIT 1",
		"select  a\n from b   left outer join c on b.x=c.x":                              "select a\nfrom b\nleft outer join c on b.x=c.x",
		"SELECT count(*) FROM (SELECT a FROM b WHERE c BETWEEN 1 AND 2 OR d) x":          "SELECT count(*)\nFROM (\n  SELECT a\n  FROM b\n  WHERE c BETWEEN 1 AND 2\n    OR d\n) x",
		"DELETE FROM a WHERE EXTRACT(YEAR FROM t) = 1":                                   "DELETE FROM a\nWHERE EXTRACT(YEAR FROM t) = 1",
		"INSERT INTO a (b) VALUES ('FROM  x', \"a  b\") ON CONFLICT DO UPDATE SET b=2":   "INSERT INTO a (b)\nVALUES ('FROM  x', \"a  b\")\nON CONFLICT DO UPDATE SET b=2",
		"SELECT 1 -- why FROM\nFROM a /* not  WHERE */ WHERE b":                          "SELECT 1 -- why FROM\nFROM a /* not  WHERE */\nWHERE b",
		"SELECT 1 -- why\n, 2":                      "SELECT 1 -- why\n, 2",
		"SELECT $tag$ FROM  it's $tag$ FROM a":      "SELECT $tag$ FROM  it's $tag$\nFROM a",
		`SELECT 'it\'s  FROM' FROM a`:               `SELECT 'it\'s  FROM' FROM a`,
		"get  war":                                  "get war",
		"PRAGMA table_info('a')":                    "PRAGMA table_info('a')",
		"SELECT 'it''s' FROM a":                     "SELECT 'it''s'\nFROM a",
		"SELECT 'open FROM a":                       "SELECT 'open FROM a",
		"SELECT a FROM b UNION ALL SELECT a FROM c": "SELECT a\nFROM b\nUNION ALL\nSELECT a\nFROM c",
		"": "",
	} {
		if got := laidOut(text); got != want {
			t.Errorf("%q is laid out as\n%s\nwant\n%s", text, got, want)
		}
	}
}

func laidOut(text string) string {
	var out strings.Builder
	for _, part := range layOutSQL(text) {
		out.WriteString(part.Text)
	}
	return out.String()
}

// FuzzSQL holds that no word is lost or moved, whatever the text.
func FuzzSQL(f *testing.F) {
	for _, text := range []string{"SELECT a FROM b", "((SELECT", "')--/*\n$a$", "BETWEEN AND AND", "$1$2$ $$ $$", "ON CONFLICT", "LEFT", "--"} {
		f.Add(text)
	}
	words := func(text string) (words []string) {
		for _, token := range scanSQL(text) {
			words = append(words, token.text)
		}
		return words
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, want := words(laidOut(text)), words(text)
		if strings.Join(got, "\x00") != strings.Join(want, "\x00") {
			t.Errorf("%q is laid out as %q", text, laidOut(text))
		}
	})
}
