package site

import (
	"strings"
	"testing"
)

// write is Markdown as lesson 2 has it.
func write(t *testing.T, text string) string {
	t.Helper()
	m := &markdown{step: 2, agent: "localhost:8176", api: "http://localhost:5050", thinker: "http://localhost:5051"}
	m.runs = func(path string) bool { return path == "/think/?subject=war" }
	m.command = func(path, text string) []byte { return []byte("[" + path + " by " + text + "]") }
	html, err := m.html([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return string(html)
}

func TestMarkdown_HTML(t *testing.T) {
	for _, c := range []struct{ text, html string }{
		{"# Step 2\n\n## Run it", "<h2>Run it</h2>"},
		{"```sh\ncurl 'http://localhost:5000/think/?subject=war'\n```",
			"[/think/?subject=war by curl 'http://localhost:5050/think/?subject=war']"},
		{"```sh\ncd here\ncurl http://localhost:5000/think/?subject=war\nls\n```",
			"<pre class=\"sh\"><code>cd here\n</code></pre>\n[/think/?subject=war by curl " +
				"http://localhost:5050/think/?subject=war]<pre class=\"sh\"><code>ls\n</code></pre>\n"},
		{"```sh\ncurl 'http://localhost:5000/think/?subject=unlisted'\n```",
			"<pre class=\"sh\"><code>curl &#39;http://localhost:5050/think/?subject=unlisted&#39;\n</code></pre>\n"},
		{"```\nGET /think/?subject=war  http://localhost:8126/trace/1\n```",
			"<pre class=\"text\"><code>GET /think/?subject=war\n</code></pre>\n"},
		{"```sh\ncurl -H 'X-A: 1' 'http://localhost:5001/?subject=war'\n```", "&#39;http://localhost:5051/?subject=war&#39;"},
		{"## Try it yourself\n\na", "<p class=\"quiet\">The commands are for a terminal. " +
			"On this page, a button under <a href=\"#code\">Running code</a> creates your copy and runs it.</p>"},
		{"```diff\n@@ -1 +1 @@\n kept\n-old <b>\n+new\n```",
			"<pre class=\"diff\"><code><span class=\"where\">@@ -1 +1 @@\n</span><span class=\"kept\"> kept\n</span><span " +
				"class=\"removed\">-old &lt;b&gt;\n</span><span class=\"added\">+new\n</span></code></pre>\n"},
		{"<details><summary>Hint 1</summary>\n\nThe `span`.\n\n</details>",
			"<details><summary>Hint 1</summary>\n<p>The <code>span</code>.</p>\n</details>"},
		{"<!-- not shown -->\n```sh\nls\n```\n\na <!-- nor this --> b",
			"<pre class=\"sh\"><code>ls\n</code></pre>\n<p>a  b</p>"},
		{"<details><summary>The <code>a &amp; b</code>?</summary>\n\nc\n\n</details>",
			"<summary>The <code>a &amp; b</code>?</summary>"},
		{"## Try it\n\na\n\n### Hints\n\nb\n\n#### c\n\nd\n\n## Check\n\ne",
			"<h2>Try it</h2>\n<p>a</p>\n<h2>Check</h2>\n<p>e</p>\n"},
		{"[all](http://localhost:8126/traces?query=version:step02)", `<p><a href="/traces?query=version:step02">all</a></p>`},
		{"<http://localhost:8126>", `<p><a href="/">http://localhost:8176</a></p>`},
		{"[Step 3](../step03/README.md), [1](../step01)",
			`<p><a href="/workshop/3">Step 3</a>, <a href="/workshop/1">1</a></p>`},
		{"[`trace.go`](api/trace.go)", `<p><span title="step02/api/trace.go"><code>trace.go</code></span></p>`},
		{"[docs](https://docs.datadoghq.com/tracing/)",
			`<p><a href="https://docs.datadoghq.com/tracing/" rel="noreferrer noopener" target="_blank">docs</a></p>`},
		{"| a | b |\n|---|--:|\n| 1 | 2 |",
			"<th scope=\"col\">b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n<td>2</td>"},
	} {
		if html := write(t, c.text); !strings.Contains(html, c.html) || strings.Contains(html, "style=") {
			t.Errorf("%s\nbecomes %s\nwant %s", c.text, html, c.html)
		}
	}
}

// TestMarkdown_HostileText holds that nothing in a README becomes a part of the
// page that can do anything.
func TestMarkdown_HostileText(t *testing.T) {
	for _, text := range []string{
		"<script>alert(1)</script>",
		"a <img src=x onerror=alert(1)> b",
		"<details open onclick=\"alert(1)\"><summary onclick=x>a</summary></details>",
		"<form action=/workshop/code><button>x</button></form>",
		"<style>* { display: none }</style>",
		"<div style=\"position: fixed\">x</div>",
		"![x](https://elsewhere.example/a.png)",
		"[x](javascript:alert(1)) <javascript:alert(1)> [y](data:text/html,x) [z](vbscript:x)",
		"[x](//elsewhere.example/) [y](file:///etc/passwd)",
		"```sh\ncurl 'http://localhost:5000/think/?subject=war' && <script>\n```",
		"```\"><script>\nx\n```",
		"`<script>`",
		"<details><summary><code><script></code> <code onclick=x>y</code></summary></details>",
		"<!-- --><script>--></script>",
		"<?php ?><![CDATA[<script>]]>",
	} {
		html := write(t, text)
		for _, tag := range []string{"<script", "<img", "<form", "<style", "<button", "<div", "<details o", "<summary o",
			"<code o", "<?", "<!["} {
			if strings.Contains(html, tag) {
				t.Errorf("%s\nbecomes %s", text, html)
			}
		}
		for _, address := range []string{`"javascript:`, `"data:`, `"vbscript:`, `"//`, `"file:`} {
			if strings.Contains(html, address) {
				t.Errorf("%s\nlinks in %s", text, html)
			}
		}
	}
}

func TestMarkdown_ClosesFolds(t *testing.T) {
	for text, html := range map[string]string{
		"<details><summary>a</details>":      "<details><summary>a</summary></details>",
		"<details><summary>a</summary>\n\nb": "<details><summary>a</summary>\n<p>b</p>\n</details>",
		"b\n\n</details>\n\nc":               "<p>b</p>\n\n<p>c</p>\n",
	} {
		if got := write(t, text); got != html {
			t.Errorf("%s\nbecomes %q, want %q", text, got, html)
		}
	}
}
