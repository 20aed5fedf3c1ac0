package readme_test

import (
	"strings"
	"testing"

	"thinker/shared/workshop/readme"
)

const tree = `GET /think/?subject=war   200   503 ms   http://localhost:8126/trace/3056099663784047255
  thinker-api            http.request  GET /think/ ▇▇▇▇▇▇▇▇▇▇▇▇    503 ms
    thinker-microservice http.request  GET /       ▇▇▇▇▇▇▇▇▇▇▇▇    501 ms
      think              subject:war                 ▇▇▇▇▇▇▇▇      1.2 ms
`

// another run of the same request
var rerun = strings.NewReplacer("3056099663784047255", "12345678901", "503 ms", "1.01 s", "▇▇▇▇▇▇▇▇      ", "▇  ",
	"http.request  ", "http.request ").Replace(tree)

// TestEqual_OneWord changes one word at a time. Each word makes a difference, except IDs,
// times and bars.
func TestEqual_OneWord(t *testing.T) {
	if !readme.Equal(tree, rerun) {
		t.Fatalf("two runs of the same differ:\n%s\n%s", tree, rerun)
	}
	for _, word := range []string{"GET", "/think/?subject=war", "200", "http://localhost:8126/trace/", "thinker-api",
		"http.request", "thinker-microservice", "think ", "subject:war", "ms"} {
		changed := strings.Replace(tree, word, "other", 1)
		if changed == tree || readme.Equal(changed, rerun) {
			t.Errorf("with %q changed, it is still the same", word)
		}
		if readme.Contains(changed, "before\n"+rerun+"after\n") {
			t.Errorf("with %q changed, it is still found", word)
		}
	}
	lines := strings.SplitAfter(tree, "\n")
	swapped := lines[0] + lines[2] + lines[1] + lines[3]
	if readme.Equal(swapped, rerun) || readme.Contains(swapped, rerun) {
		t.Error("the order of the spans makes no difference")
	}
}

func TestEqual(t *testing.T) {
	for _, c := range []struct {
		name, shown, printed string
		want                 bool
	}{
		{"the same", "a\nb\n", "a\nb\n", true},
		{"blank lines around it", "a\n", "\na\n\n", true},
		{"more is printed", "a\n", "a\nb\n", false},
		{"less is printed", "a\nb\n", "a\n", false},
		{"indented otherwise", "  a\n", "a\n", false},
		{"columns of another width", "a  b\n", "a      b\n", true},
		{"left out in the middle", "a\n…\nd\n", "a\nb\nc\nd\n", true},
		{"nothing left out", "a\n…\nb\n", "a\nb\n", true},
		{"left out at the end", "a\n…\n", "a\nb\n", true},
		{"wrong after what is left out", "a\n…\nd\n", "a\nb\nc\n", false},
		{"a log line", "2026/11/27 10:00:00 INFO thinking dd.trace_id=6f1c000000000000b2a4c6e8f0123456",
			"2026/11/28 11:22:33 INFO thinking dd.trace_id=00000000000000000123456789abcdef", true},
		{"a log line of another level", "2026/11/27 10:00:00 INFO thinking", "2026/11/28 11:22:33 ERROR thinking",
			false},
		{"JSON with another value", `{"war": {"error": false}}`, `{"war": {"error": true}}`, false},
		{"a number that is no ID", "12345", "54321", false},
		{"a count", "2 of 4 checks passed", "3 of 4 checks passed", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := readme.Equal(c.shown, c.printed); got != c.want {
				t.Errorf("equal: %v, want %v", got, c.want)
			}
		})
	}
}

func TestContains(t *testing.T) {
	printed := "starting\n\nb\n  c\n│ log\na\n  d\n"
	for shown, want := range map[string]bool{
		"a\n  d\n":           true,
		"a\n  d\n\nb\n  c\n": true, // traces arrive in any order
		"b\n  d\n":           false,
		"b\n  c\n│ log\n":    true,
		"a\n\nx\n":           false,
		"b\n…\n  d\n":        true,
	} {
		if got := readme.Contains(shown, printed); got != want {
			t.Errorf("%q is found: %v, want %v", shown, got, want)
		}
	}
}

func TestPrinted(t *testing.T) {
	terminal := "starting\n" + rerun + "\n" + strings.ReplaceAll(rerun, "war", "work") + "  api │ a log line\n"
	for _, c := range []struct{ name, shown, output, want string }{
		{"a tree", strings.Replace(tree, "thinker-api", "api", 1), "{}\n", rerun},
		{"no such tree", "GET /other   200   1 ms\n", "{}\n", "{}\n"},
		{"output", "old\n", "\nnew\n", "new\n"},
		{"no output", "old\n", "", "old\n"},
		{"a part", "old\n…\n", "new\n", "old\n…\n"},
		{"two trees", strings.ReplaceAll(tree, "war", "work") + "\n" + tree, "",
			strings.ReplaceAll(rerun, "war", "work") + "\n" + rerun},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := readme.Printed(c.shown, c.output, terminal); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}
