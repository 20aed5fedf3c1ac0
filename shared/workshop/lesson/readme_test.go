package lesson_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/need"
	"thinker/shared/workshop/runner"
)

// TestReadmes checks that all step READMEs have the same sections, that their curl
// lines are the lesson's requests, and that their changes and checklist are those of
// the lesson: -update writes these. Running a README tests the traces it shows.
func TestReadmes(t *testing.T) {
	root := checkout.Root(t)
	for step := 1; step <= runner.Steps; step++ {
		t.Run(runner.StepName(step), func(t *testing.T) {
			file := filepath.Join(root, runner.StepName(step), "README.md")
			readme := checkout.Read(t, file)
			title := fmt.Sprintf("# Step %d: %s\n", step, lesson.Title(step))
			if !strings.HasPrefix(readme, title) {
				t.Errorf("it does not begin with %s", title)
			}
			sections := []string{"Objectives", "Run it", "What you'll see", "What changed", "Try it yourself", "Check",
				"Questions", "Next"}
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

			if lines := strings.Count(readme, "\n"); lines >= 200 {
				t.Errorf("it has %d lines, want fewer than 200", lines)
			}
			_, try, _ := strings.Cut(readme, "\n### Hints\n")
			try, _, _ = strings.Cut(try, "\n## ")
			if n := strings.Count(try, "<details>"); n != 3 || strings.Contains(try, "```") {
				t.Errorf("it has %d hints, want 3 without code", n)
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
				"## Check":        checklist(step),
			} {
				want = replaceSection(t, want, heading, section)
			}
			checkout.Compare(t, file, want)
		})
	}
}

// replaceSection replaces what is below a heading, up to the next one.
func replaceSection(t *testing.T, text, heading, section string) string {
	t.Helper()
	before, rest, found := strings.Cut(text, "\n"+heading+"\n")
	end := regexp.MustCompile(`(?m)^###? `).FindStringIndex(rest)
	if !found || end == nil {
		t.Fatalf("there is no section %q, with another one after it", heading)
	}
	return before + "\n" + heading + "\n\n" + section + "\n" + rest[end[0]:]
}

// whatChanged returns a lesson's changes, file by file: a sentence for each change,
// and the changed lines in a fold. A new file has a link instead.
func whatChanged(t *testing.T, root string, step int) string {
	t.Helper()
	hunks, err := lesson.Diff(root, step)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	fmt.Fprintf(&out, "From %s to `%s`. `workshop diff %d` shows all of it in the terminal.\n", beginning(step),
		runner.StepName(step), step)
	for len(hunks) > 0 {
		file := hunks[0].File
		n := slices.IndexFunc(hunks, func(hunk lesson.Hunk) bool { return hunk.File != file })
		if n < 0 {
			n = len(hunks)
		}
		changed := hunks[:n]
		hunks = hunks[n:]
		switch text := changed[0].Text; {
		case text == "":
			fmt.Fprintf(&out, "\n`%s` is deleted. %s\n", file, changed[0].Says)
			continue
		case strings.HasPrefix(text, "@@ -0,0 "):
			fmt.Fprintf(&out, "\n[`%s`](%s) is new. %s\n", file, file, changed[0].Says)
			continue
		}
		fmt.Fprintf(&out, "\n`%s`:\n\n", file)
		for _, hunk := range changed {
			fmt.Fprintf(&out, "- %s\n", hunk.Says)
		}
		fmt.Fprintf(&out, "\n<details><summary>The changed lines in %s</summary>\n\n```diff\n", file)
		for i, hunk := range changed {
			if i > 0 {
				out.WriteString("@@\n")
			}
			out.WriteString(changedLines(hunk.Text))
		}
		out.WriteString("```\n\n</details>\n")
	}
	return out.String()
}

// changedLines returns a hunk's changed lines, each with the lines next to it that
// aren't blank.
func changedLines(hunk string) string {
	lines := strings.SplitAfter(strings.TrimSuffix(hunk, "\n"), "\n")[1:]
	changed := func(i int) bool { return i >= 0 && i < len(lines) && lines[i][0] != ' ' }
	var out strings.Builder
	for i, line := range lines {
		if changed(i) || strings.TrimSpace(line) != "" && (changed(i-1) || changed(i+1)) {
			out.WriteString(strings.TrimSuffix(line, "\n") + "\n")
		} else if changed(i - 2) {
			out.WriteString("@@\n")
		}
	}
	return strings.TrimSuffix(out.String(), "@@\n")
}

func beginning(step int) string {
	if step == 1 {
		return "the copy that `workshop try 1` makes"
	}
	return "`" + runner.StepName(step-1) + "`"
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

// TestReadme_GoingFurtherBuilds puts the code that step 5's README shows under "Going
// further" into a copy of the step, and builds it.
func TestReadme_GoingFurtherBuilds(t *testing.T) {
	root := checkout.Root(t)
	step := filepath.Join(root, "step05")
	_, shown, _ := strings.Cut(checkout.Read(t, filepath.Join(step, "README.md")), "<summary>Going further")
	_, shown, _ = strings.Cut(shown, "```go\n")
	shown, _, found := strings.Cut(shown, "```")
	declared, method, split := strings.Cut(shown, "\n// once ")
	if !found || !split {
		t.Fatalf("it shows another code than a struct and once:\n%s", shown)
	}

	dir := filepath.Join(t.TempDir(), "step05")
	checkout.Copy(t, step, dir)
	if err := os.Symlink(filepath.Join(root, "shared"), filepath.Join(filepath.Dir(dir), "shared")); err != nil {
		t.Skipf("no symbolic links: %v", err)
	}
	file := filepath.Join(dir, "thinker", "cache.go")
	cache := regexp.MustCompile(`(?s)type redisCache struct \{.*?\n\}\n`).ReplaceAllLiteralString(checkout.Read(t, file),
		declared)
	cache = strings.Replace(cache, "found, err := think(ctx, subject)", "found, err := c.once(ctx, subject, think)", 1)
	cache = strings.Replace(cache, ")\n",
		"\t\"golang.org/x/sync/singleflight\"\n\t\"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/tracer\"\n)\n", 1)
	checkout.Write(t, file, cache+"\n// once "+method)
	cmd := exec.CommandContext(need.Context(t), "go", "vet", "-mod=mod", "./thinker")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}
