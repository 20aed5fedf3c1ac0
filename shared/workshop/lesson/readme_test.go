package lesson_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aymanbagabas/go-udiff"

	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/runner"
)

// TestReadmes checks that all step READMEs have the same sections, that their curl
// lines are the lesson's requests, and that their diff, hints and checklist are those
// of the lesson: -update writes these. Running a README tests the traces it shows.
func TestReadmes(t *testing.T) {
	root, err := runner.FindRoot(".")
	if err != nil {
		t.Fatal(err)
	}
	for step := 1; step <= runner.Steps; step++ {
		t.Run(runner.StepName(step), func(t *testing.T) {
			file := filepath.Join(root, runner.StepName(step), "README.md")
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			readme := string(text)
			title := fmt.Sprintf("# Step %d: %s\n", step, lesson.Title(step))
			if !strings.HasPrefix(readme, title) {
				t.Errorf("it does not begin with %s", title)
			}
			sections := []string{"Objectives", "Run it", "What you see", "What changed", "Try it yourself", "Check", "Next"}
			var found []string
			for _, heading := range regexp.MustCompile(`(?m)^## (.*)$`).FindAllStringSubmatch(readme, -1) {
				found = append(found, heading[1])
			}
			if !slices.Equal(found, sections) {
				t.Errorf("it has the sections %q, want %q", found, sections)
			}
			for _, line := range regexp.MustCompile(`(?m)^curl 'http://localhost:5000(.*)'$`).FindAllStringSubmatch(readme, -1) {
				if !slices.Contains(lesson.Requests(step), line[1]) {
					t.Errorf("%s is no request of the lesson", line[0])
				}
			}
			for _, link := range regexp.MustCompile(`\]\((\.\.?/[^)#]*)`).FindAllStringSubmatch(readme, -1) {
				if _, err := os.Stat(filepath.Join(filepath.Dir(file), filepath.FromSlash(link[1]))); err != nil {
					t.Errorf("a link leads nowhere: %v", err)
				}
			}

			// Other HTML is not shown as such on the workshop's page.
			prose := regexp.MustCompile("(?s)```.*?```|`[^`]*`").ReplaceAllString(readme, "")
			for _, tag := range regexp.MustCompile(`</?([a-z]+)[ >]`).FindAllStringSubmatch(prose, -1) {
				if tag[1] != "details" && tag[1] != "summary" {
					t.Errorf("it has the HTML element %s", tag[1])
				}
			}

			want := readme
			for heading, section := range map[string]string{
				"## What changed": whatChanged(t, root, step),
				"### Hints":       hintsOf(step),
				"## Check":        checklist(step),
			} {
				if want, err = replaceSection(want, heading, section); err != nil {
					t.Fatal(err)
				}
			}
			if readme == want {
				return
			}
			if !*update {
				t.Fatalf("it does not have what the lesson says; go test ./shared/workshop/lesson -run Readmes -update changes\n%s", udiff.Unified("README.md", "README.md", readme, want))
			}
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// replaceSection replaces what is below a heading, up to the next one.
func replaceSection(text, heading, section string) (string, error) {
	before, rest, found := strings.Cut(text, "\n"+heading+"\n")
	end := regexp.MustCompile(`(?m)^###? `).FindStringIndex(rest)
	if !found || end == nil {
		return "", fmt.Errorf("there is no section %q, with another one after it", heading)
	}
	return before + "\n" + heading + "\n\n" + section + "\n" + rest[end[0]:], nil
}

// whatChanged is a lesson's diff, with what each place in it is for.
func whatChanged(t *testing.T, root string, step int) string {
	t.Helper()
	hunks, err := lesson.Diff(root, step)
	if err != nil {
		t.Fatal(err)
	}
	const folded = 40 // lines, above which a hunk is
	var out strings.Builder
	fmt.Fprintf(&out, "From %s to `%s`; `workshop diff %d` shows the same in the terminal.\n", beginning(step), runner.StepName(step), step)
	for i, hunk := range hunks {
		switch {
		case hunk.Text == "":
			fmt.Fprintf(&out, "\n**`%s`** goes. %s\n", hunk.File, hunk.Says)
			continue
		case i == 0 || hunk.File != hunks[i-1].File:
			fmt.Fprintf(&out, "\n**`%s`**\n", hunk.File)
		}
		code := "```diff\n" + hunk.Text + "```\n"
		if lines := strings.Count(hunk.Text, "\n") - 1; lines > folded {
			code = fmt.Sprintf("<details><summary>its %d lines</summary>\n\n%s\n</details>\n", lines, code)
		}
		fmt.Fprintf(&out, "\n%s\n\n%s", hunk.Says, code)
	}
	return out.String()
}

func beginning(step int) string {
	if step == 1 {
		return "the copy that `workshop try 1` makes"
	}
	return "`" + runner.StepName(step-1) + "`"
}

// hintsOf returns the hints of a lesson in three folds: a nudge, the calls to use, and
// the code. What a learner has nothing to do for is left out.
func hintsOf(step int) string {
	var out strings.Builder
	for i, title := range []string{"Hint 1: where to look", "Hint 2: what to call", "Hint 3: the code"} {
		if i > 0 {
			out.WriteString("\n")
		}
		fmt.Fprintf(&out, "<details><summary>%s</summary>\n", title)
		for _, expectation := range lesson.Expectations(step) {
			if !expectation.Given {
				fmt.Fprintf(&out, "\n**%s**\n\n%s\n", expectation.Says, expectation.Hints[i])
			}
		}
		out.WriteString("\n</details>\n")
	}
	return out.String()
}

// checklist returns what a lesson and its exercise expect.
func checklist(step int) string {
	var out strings.Builder
	fmt.Fprintf(&out, "`workshop check %d` builds your copy, sends it the requests, and checks the traces:\n\n", step)
	for _, expectation := range lesson.Expectations(step) {
		fmt.Fprintf(&out, "- %s\n", expectation.Says)
	}
	if exercise := lesson.Exercise(step); exercise != nil {
		fmt.Fprintf(&out, "\n`workshop check %d --exercise` checks the exercise:\n\n", step)
		for _, expectation := range exercise {
			fmt.Fprintf(&out, "- %s\n", expectation.Says)
		}
	}
	return out.String()
}
