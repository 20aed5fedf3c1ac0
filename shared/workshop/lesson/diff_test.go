package lesson

import (
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/runner"
)

const root = "../../.."

// TestChanges checks that each hunk of a lesson has one sentence, and each sentence
// one hunk.
func TestChanges(t *testing.T) {
	for step := 1; step <= runner.Steps; step++ {
		hunks, err := Diff(root, step)
		if err != nil {
			t.Fatal(err)
		}
		of := make([]int, len(hunks)) // how many sentences
		for _, c := range changes(step) {
			n := 0
			for i, hunk := range hunks {
				if hunk.File == c.file && c.in(hunk) {
					of[i]++
					n++
				}
			}
			if n != 1 {
				t.Errorf("lesson %d: %d hunks for %q", step, n, c.says)
			}
			if !strings.HasSuffix(c.says, ".") || strings.Contains(strings.TrimSuffix(c.says, "."), ". ") {
				t.Errorf("lesson %d: not one sentence: %s", step, c.says)
			}
		}
		for i, hunk := range hunks {
			if of[i] != 1 {
				t.Errorf("lesson %d: %d sentences for this hunk of %s:\n%s", step, of[i], hunk.File, hunk.Text)
			}
		}
	}
}

// TestCompare_Exact applies the hunks between two versions of the code, at the lines
// that they name.
func TestCompare_Exact(t *testing.T) {
	for step := 1; step <= runner.Steps; step++ {
		before, err := Start(root, step)
		if err != nil {
			t.Fatal(err)
		}
		after, err := Solution(root, step)
		if err != nil {
			t.Fatal(err)
		}
		got := maps.Clone(before)
		for _, hunk := range Compare(step, before, after) {
			if hunk.Text == "" {
				delete(got, hunk.File)
			} else {
				got[hunk.File] = apply(t, got[hunk.File], hunk)
			}
		}
		if !maps.Equal(got, after) {
			t.Errorf("lesson %d: the code becomes\n%v", step, got)
		}
	}
}

func apply(t *testing.T, text string, hunk Hunk) string {
	t.Helper()
	header, lines, _ := strings.Cut(hunk.Text, "\n")
	_, at, _ := strings.Cut(header, "+")
	to := 0
	if _, err := fmt.Sscan(strings.Split(strings.Fields(at)[0], ",")[0], &to); err != nil {
		t.Fatalf("%s: %v", header, err)
	}
	var from, into strings.Builder
	for line := range strings.Lines(lines) {
		if line[0] != '+' {
			from.WriteString(line[1:])
		}
		if line[0] != '-' {
			into.WriteString(line[1:])
		}
	}
	place := strings.Index(text, from.String())
	if place < 0 || 1+strings.Count(text[:place], "\n") != to {
		t.Fatalf("%s %s: its lines begin at byte %d of\n%s", hunk.File, header, place, text)
	}
	return text[:place] + into.String() + text[place+from.Len():]
}

func TestCompare_Readable(t *testing.T) {
	f := func(names ...string) (text string) {
		for _, name := range names {
			text += fmt.Sprintf("func %s() {\n\tdo()\n}\n", name)
		}
		return text
	}
	for _, c := range []struct{ before, after, want string }{
		{f("a", "c"), f("a", "b", "c"),
			"@@ -1,6 +1,9 @@\n func a() {\n \tdo()\n }\n+func b() {\n+\tdo()\n+}\n func c() {\n \tdo()\n }\n"},
		{"a\n", "a\na", "@@ -1 +1,2 @@\n a\n+a\n\\ No newline at end of file\n"},
		{"", "a\n", "@@ -0,0 +1 @@\n+a\n"},
		{"a\n", "a\n", ""},
	} {
		got := ""
		for _, hunk := range compareFile("main.go", c.before, c.after) {
			got += hunk.Text
		}
		if got != c.want {
			t.Errorf("from\n%s\nto\n%s\nit shows\n%s\nwant\n%s", c.before, c.after, got, c.want)
		}
	}
}

// TestReadCode expects other files in a step's directory to be left out.
func TestReadCode(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"api/main.go", "thinker/main_test.go", "thinker/schema.sql", "thinker/thoughts.db",
		"api/README.md", "go.mod", "other.go"} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		checkout.Write(t, file, "x\r\n")
	}
	code, err := ReadCode(dir)
	if err != nil || len(code) != 2 || code["api/main.go"] != "x\n" || code["thinker/schema.sql"] != "x\n" {
		t.Errorf("%v, %v; want api/main.go and thinker/schema.sql", code, err)
	}
}

// TestDiff_StaysSmall bounds the changed lines of files that both steps have, so each
// step stays one lesson.
func TestDiff_StaysSmall(t *testing.T) {
	for step, limit := range map[int]int{2: 25, 3: 30, 4: 45, 5: 20} {
		hunks, err := Diff(root, step)
		if err != nil {
			t.Fatal(err)
		}
		changed := 0
		for _, hunk := range hunks {
			if strings.HasPrefix(hunk.Text, "@@ -0,0 ") {
				continue // a new file
			}
			for line := range strings.Lines(hunk.Text) {
				if line[0] == '+' || line[0] == '-' {
					changed++
				}
			}
		}
		if changed == 0 || changed > limit {
			t.Errorf("step %d changes %d lines in files that step %d has too, want at most %d", step, changed, step-1, limit)
		} else {
			t.Logf("step %d changes %d lines", step, changed)
		}
	}
}
