package traceview_test

import (
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"thinker/shared/apm"
	"thinker/shared/apm/internal/webtest"
)

// panel returns the page of a span with its panel.
func panel(t testing.TB, span apm.Span) string {
	t.Helper()
	span.TraceID, span.SpanID = 1, 1
	return webtest.New(t, apm.NewTrace(1, []apm.Span{span})).Get("/trace/1?span=1").Body.String()
}

// preformatted returns the HTML of the preformatted text after a beginning.
func preformatted(page, beginning string) string {
	_, after, _ := strings.Cut(page, beginning)
	text, _, _ := strings.Cut(after, "</pre>")
	return text
}

var markup = regexp.MustCompile(`<[^>]*>`)

func TestPanel_Stack(t *testing.T) {
	for name, c := range map[string]struct{ text, own, others string }{
		"go": {
			"goroutine 1 [running]:\nruntime/debug.Stack()\n\t/usr/local/go/src/runtime/debug/stack.go:26\n" +
				"main.think(...)\n\t/src/thoughts.go:41 +0x1\ngithub.com/gorilla/mux.(*Router).ServeHTTP(0x1)\n" +
				"\t/go/pkg/mod/github.com/gorilla/mux@v1.8.1/mux.go:212\n",
			"goroutine 1|main.think|thoughts.go:41", "runtime/debug.Stack|stack.go:26|gorilla/mux.|mux.go:212",
		},
		"java": {
			"java.lang.IllegalStateException: no\r\n\tat com.example.Shop.pay(Shop.java:12)\r\n" +
				"\tat java.base/java.lang.Thread.run(Thread.java:840)",
			"IllegalStateException|com.example.Shop.pay", "Thread.run",
		},
		"python": {
			"Traceback (most recent call last):\n  File \"/app/shop.py\", line 3, in pay\n    charge()\n" +
				"  File \"/usr/lib/python3.12/http/client.py\", line 9, in send\n    raise Refused()\nRefused: no",
			"Traceback|shop.py|charge()|Refused: no", "client.py|raise Refused()",
		},
		"node": {
			"Error: no\n    at pay (/app/shop.js:3:9)\n    at next (/app/node_modules/express/index.js:1:2)\n" +
				"    at node:internal/main:3",
			"Error: no|shop.js", "express|node:internal",
		},
		"no language": {"something else\n\twent wrong", "something|went", ""},
	} {
		stack := preformatted(panel(t, apm.Span{Error: true, Meta: map[string]string{"error.stack": c.text}}),
			`<pre class="stack" tabindex="0" data-copy>`)
		whole := html.UnescapeString(markup.ReplaceAllString(stack, ""))
		if want := strings.TrimRight(strings.ReplaceAll(c.text, "\r", ""), "\n"); whole != want {
			t.Errorf("%s: %q, want %q", name, whole, want)
		}
		others := regexp.MustCompile(`<span class="quiet">[^<]*</span>`)
		for _, part := range strings.Split(c.own, "|") {
			if own := others.ReplaceAllString(stack, ""); !strings.Contains(own, part) {
				t.Errorf("%s: %s is not own", name, part)
			}
		}
		for _, part := range strings.Split(c.others, "|") {
			if all := strings.Join(others.FindAllString(stack, -1), ""); !strings.Contains(all, part) {
				t.Errorf("%s: %s is own", name, part)
			}
		}
	}
}

// searches returns the queries of a panel's links to traces with the same tag.
func searches(t testing.TB, name, value string) (queries []string) {
	page := panel(t, apm.Span{Meta: map[string]string{name: value}})
	for _, link := range regexp.MustCompile(`class="same" href="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		address, err := url.Parse(html.UnescapeString(link[1]))
		if err != nil || address.Path != "/traces" {
			t.Errorf("%q:%q leads to %s", name, value, link[1])
		}
		queries = append(queries, address.Query().Get("query"))
	}
	return queries
}

func TestPanel_TagSearch(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"subject", "war", "@subject:war"},
		{"env", "workshop", "env:workshop"},
		{"a b", `say "hi" * AND`, `@a\ b:"say \"hi\" * AND"`},
		{"duration", "5", ""},
		{"long", strings.Repeat("x", 1001), ""},
	} {
		if got := strings.Join(searches(t, c.name, c.value), "|"); got != c.want {
			t.Errorf("%s:%s leads to %s, want %s", c.name, c.value, got, c.want)
		}
	}
}

// laidOut returns a statement as the panel lays it out.
func laidOut(t testing.TB, statement string) string {
	page := panel(t, apm.Span{Meta: map[string]string{"sql.query": statement}})
	return html.UnescapeString(markup.ReplaceAllString(preformatted(page, `SQL</h3><pre tabindex="0" data-copy>`), ""))
}

func TestPanel_SQL(t *testing.T) {
	for text, want := range map[string]string{
		"SELECT id, quote FROM thought WHERE subject = ? AND id > 3 ORDER BY id LIMIT 1": "SELECT id, quote\n" +
			"FROM thought\nWHERE subject = ?\n  AND id > 3\nORDER BY id\nLIMIT 1",
		"select  a\n from b   left outer join c on b.x=c.x": "select a\nfrom b\nleft outer join c on b.x=c.x",
		"SELECT count(*) FROM (SELECT a FROM b WHERE c BETWEEN 1 AND 2 OR d) x": "SELECT count(*)\nFROM (\n" +
			"  SELECT a\n  FROM b\n  WHERE c BETWEEN 1 AND 2\n    OR d\n) x",
		"DELETE FROM a WHERE EXTRACT(YEAR FROM t) = 1": "DELETE FROM a\nWHERE EXTRACT(YEAR FROM t) = 1",
		"INSERT INTO a (b) VALUES ('FROM  x', \"a  b\") ON CONFLICT DO UPDATE SET b=2": "INSERT INTO a (b)\n" +
			"VALUES ('FROM  x', \"a  b\")\nON CONFLICT DO UPDATE SET b=2",
		"SELECT 1 -- why FROM\nFROM a /* not  WHERE */ WHERE b": "SELECT 1 -- why FROM\nFROM a /* not  WHERE */\nWHERE b",
		"SELECT 1 -- why\n, 2":                      "SELECT 1 -- why\n, 2",
		"SELECT $tag$ FROM  it's $tag$ FROM a":      "SELECT $tag$ FROM  it's $tag$\nFROM a",
		`SELECT 'it\'s  FROM' FROM a`:               `SELECT 'it\'s  FROM' FROM a`,
		"get  war":                                  "get war",
		"PRAGMA table_info('a')":                    "PRAGMA table_info('a')",
		"SELECT 'it''s' FROM a":                     "SELECT 'it''s'\nFROM a",
		"SELECT 'open FROM a":                       "SELECT 'open FROM a",
		"SELECT `a  b` FROM c":                      "SELECT `a  b`\nFROM c",
		"SELECT a FROM b UNION ALL SELECT a FROM c": "SELECT a\nFROM b\nUNION ALL\nSELECT a\nFROM c",
		"": "",
	} {
		if got := laidOut(t, text); got != want {
			t.Errorf("%q is laid out as\n%s\nwant\n%s", text, got, want)
		}
	}
}
