//go:build unix

package readme_test

import (
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"thinker/shared/workshop/need"
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
		{"fails too early", "<!-- exit status 1 -->\n```sh\nfalse\nfalse\n```\n",
			"a.md:3: exit status 1, want it in the block's last line"},
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
	text := "```sh\nfalse\n```\n```text\nnot compared\n```\n<!-- docker -->\n```sh\necho " +
		"docker\n```\n```text\ndocker\n```\n<!-- go and docker -->\n```sh\necho both\n```\n```text\nboth\n```\n"
	if _, err := r.Run(t, "a.md", text); err != nil || len(r.Errors) > 0 || r.Ran != 2 {
		t.Errorf("%d blocks ran, want 2; %v %v", r.Ran, err, r.Errors)
	}
}

func newRunner(t *testing.T) *readme.Runner {
	r := readme.NewRunnerAt(t, t.TempDir(), nil)
	r.Wait = time.Millisecond
	return r
}

// TestRunner_Up runs a file with two steps. Each prints a tree in its terminal, which the file
// shows differently.
func TestRunner_Up(t *testing.T) {
	const file = "```sh\nworkshop up --step 1\n```\n" +
		"```sh\ncurl \"http://$STEP_ADDR/war\"\n```\n```json\n{\"path\": \"/war\"}\n```\n" +
		"```text\nGET /war   200   504 ms\n  thinker-api GET ▇▇▇ 504 ms\n```\n" +
		"```sh\nworkshop up --step 2\n```\n```text\nstarting --step 2\n```\n"
	for _, c := range []struct{ name, old, new, failed string }{
		{"the same", "504 ms", "503 ms", ""},
		{"a word of the response", `"path"`, `"place"`, "a.md:8: "},
		{"a word of a tree", "thinker-api", "thinker", "a.md:11: "},
		{"the first step's output", "starting --step 2", "starting --step 1", "a.md:18: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newStep(t, "")
			updated, err := r.Run(t, "a.md", strings.Replace(file, c.old, c.new, 1))
			if err != nil {
				t.Fatal(err)
			}
			if c.failed == "" {
				if len(r.Errors) > 0 {
					t.Error(r.Errors)
				}
				return
			}
			if len(r.Errors) != 1 || !strings.HasPrefix(r.Errors[0].Error(), c.failed) {
				t.Errorf("errors %v, want one at %s", r.Errors, c.failed)
			}
			if updated != file && c.name != "the first step's output" {
				t.Errorf("updated to\n%s", updated)
			}
		})
	}
}

func TestRunner_UpErrors(t *testing.T) {
	for _, c := range []struct{ name, mode, text, want string }{
		{"ends early", "ends", "```sh\nworkshop up\n```\n", "a.md:2: it ended by itself"},
		{"fails on Ctrl-C", "fails", "\n```sh\nworkshop up\n```\n", "a.md:3: exit status 7 after Ctrl-C"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := newStep(t, c.mode).Run(t, "a.md", c.text); err == nil ||
				!strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// newStep returns a runner whose workshop command is this test's program.
func newStep(t *testing.T, mode string) *readme.Runner {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(program, filepath.Join(dir, "workshop")); err != nil {
		t.Fatal(err)
	}
	addr := fmt.Sprintf("localhost:%d", need.Port(t))
	r := readme.NewRunnerAt(t, dir, map[string]string{addr: "/healthz"},
		"STEP_ADDR="+addr, "STEP_MODE="+mode, "PATH="+dir+":"+os.Getenv("PATH"))
	r.Wait = time.Millisecond
	return r
}

// TestMain runs the test program as a step if it's called as one.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) != "workshop" {
		os.Exit(m.Run())
	}
	fmt.Println("starting", strings.Join(os.Args[2:], " "))
	if os.Getenv("STEP_MODE") == "ends" {
		return
	}
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	go http.ListenAndServe(os.Getenv("STEP_ADDR"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" {
			fmt.Printf("GET %s   200   504 ms\n  thinker-api GET ▇▇▇ 504 ms\n\n", r.URL.Path)
			fmt.Fprintf(w, "{\"path\": %q}\n", r.URL.Path)
		}
	}))
	<-interrupted
	if os.Getenv("STEP_MODE") == "fails" {
		os.Exit(7)
	}
}
