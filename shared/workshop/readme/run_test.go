//go:build unix

package readme_test

import (
	"strings"
	"testing"
	"time"

	"thinker/shared/workshop/readme"
)

const session = "# A file\n" +
	"```sh\nhello() { echo \"hello $1\"; }\nexport NAME=war\n```\n" +
	"Later:\n```sh\nhello \"$NAME\"\necho to stderr >&2\n```\n" +
	"It prints:\n\n```text\nhello war\nto stderr\n```\n" +
	"<!-- exit status 3 -->\n```sh\n(exit 3)\n```\n" +
	"<!-- not run: it takes a day -->\n```sh\nsleep 86400\n```\n" +
	"```text\nof a block that isn't run\n```\n" +
	"<!-- docker -->\n```sh\nexit 1\n```\n"

func TestRunner(t *testing.T) {
	r := newRunner(t)
	updated, err := r.Run(t, "a.md", session)
	if err != nil || len(r.Errors) > 0 {
		t.Fatal(err, r.Errors)
	}
	if updated != session {
		t.Errorf("the text is now\n%s", updated)
	}
	if r.Ran != 3 {
		t.Errorf("%d blocks ran, want 3", r.Ran)
	}
}

// TestRunner_ChangedWord changes a single word of the output that a file shows.
func TestRunner_ChangedWord(t *testing.T) {
	r := newRunner(t)
	changed := strings.Replace(session, "\nhello war\n", "\nhello peace\n", 1)
	updated, err := r.Run(t, "a.md", changed)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Errors) != 1 || !strings.HasPrefix(r.Errors[0].Error(), "a.md:14: ") {
		t.Fatalf("errors %v, want one at a.md:14", r.Errors)
	}
	if updated != session {
		t.Errorf("updated to\n%s\nwant\n%s", updated, session)
	}
}

func TestRunner_FailingCommand(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a command", "```sh\ntrue\nfalse\necho no\n```\n", "a.md:3: exit status 1, want 0"},
		{"in a pipe", "\n\n```sh\nfalse | true\n```\n", "a.md:4: exit status 1, want 0"},
		{"in a function", "```sh\nf() { false; }\ntrue\nf\n```\n", "a.md:4: exit status 1"},
		{"not found", "```sh\nno-such-command\n```\n", "a.md:2: exit status 127"},
		{"syntax", "```sh\nif\n```\n", "a.md:2: exit status"},
		{"does not fail", "<!-- exit status 1 -->\n```sh\ntrue\ntrue\n```\n", "a.md:4: exit status 0, want 1"},
		{"fails otherwise", "<!-- exit status 1 -->\n```sh\n(exit 2)\n```\n", "a.md:3: exit status 2, want 1"},
		{"fails too early", "<!-- exit status 1 -->\n```sh\nfalse\nfalse\n```\n", "a.md:3: exit status 1"},
		{"empty reason", "<!-- not run: -->\n```sh\nfalse\n```\n", "a.md:3: a block that isn't run needs a reason"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := newRunner(t).Run(t, "a.md", c.text); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

func TestRunner_Docker(t *testing.T) {
	r := newRunner(t)
	r.Docker = true
	text := "```sh\nfalse\n```\n```text\nnot compared\n```\n<!-- docker -->\n```sh\necho docker\n```\n```text\ndocker\n```\n<!-- go and docker -->\n```sh\necho both\n```\n```text\nboth\n```\n"
	if _, err := r.Run(t, "a.md", text); err != nil || len(r.Errors) > 0 || r.Ran != 2 {
		t.Errorf("%d blocks ran, want 2; %v %v", r.Ran, err, r.Errors)
	}
}

func newRunner(t *testing.T) *readme.Runner {
	r := readme.NewRunner(t, t.TempDir())
	r.Wait = time.Millisecond
	return r
}
