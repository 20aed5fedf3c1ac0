//go:build unix

package main_test

import (
	"flag"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/runner"
)

var update = flag.Bool("update", false, "write the trees that the steps' READMEs print anew")

var (
	commands = regexp.MustCompile(`(?m)^curl 'http://localhost:5000(.*)'$`)
	links    = regexp.MustCompile(`\]\(http://localhost:8126([^)]*)\)`)
	trees    = regexp.MustCompile("(?s)```\n(GET /.*?)```\n")
)

// TestReadme follows the READMEs: for each step it sends the requests printed in
// the step's own and looks for the trees printed there, and in the main README,
// in what workshop up shows. With -update it writes the step's trees anew.
func TestReadme(t *testing.T) {
	root, err := runner.FindRoot(".")
	if err != nil {
		t.Fatal(err)
	}
	readme := checkout.Read(t, filepath.Join(root, "README.md"))
	program := workshop(t)
	for step := 1; step <= runner.Steps; step++ {
		t.Run(runner.StepName(step), func(t *testing.T) {
			heading := fmt.Sprintf("### Step %d: %s\n", step, lesson.Title(step))
			_, section, found := strings.Cut(readme, heading)
			if !found {
				t.Fatalf("the README has no heading %q", heading)
			}
			section, _, _ = strings.Cut(section, "\n##")
			file := filepath.Join(root, runner.StepName(step), "README.md")
			lesson := checkout.Read(t, file)
			requests := commands.FindAllString(lesson, -1)
			for _, request := range commands.FindAllString(section, -1) {
				if !slices.Contains(requests, request) {
					t.Errorf("%s is in the main README alone", request)
				}
			}

			if *update {
				t.Setenv("THINK_DELAY", "500ms")
			}
			up := start(t, program, step)
			up.until("Ctrl-C stops everything")
			for _, request := range requests {
				get(t, up.api+commands.FindStringSubmatch(request)[1])
			}
			for _, link := range links.FindAllStringSubmatch(lesson, -1) {
				if status := statusOf(t, up.agent+link[1]); status != http.StatusOK {
					t.Errorf("%s answers %d", link[0], status)
				}
			}
			up.signal(up.cmd.Process.Pid, syscall.SIGINT)
			for up.lines.Scan() {
				up.seen.WriteString(up.lines.Text() + "\n")
			}
			if err := up.cmd.Wait(); err != nil {
				t.Error(err)
			}
			if *update {
				if updated := withTrees(lesson, up); same(updated) != same(lesson) {
					checkout.Write(t, file, updated)
					lesson = updated
				}
			}
			seen := same(up.seen.String())
			printed := append(trees.FindAllStringSubmatch(lesson, -1), trees.FindAllStringSubmatch(section, -1)...)
			if len(printed) < 2 {
				t.Error("a README has no trees")
			}
			for _, tree := range printed {
				if !strings.Contains(seen, same(tree[1])) {
					t.Errorf("a README prints\n%s\nbut this is shown:\n%s", tree[1], &up.seen)
				}
			}
		})
	}
}

func statusOf(t *testing.T, url string) int {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// withTrees replaces each tree in a README by the one that was shown for the same
// request, as it is shown on the ports that a reader has.
func withTrees(readme string, up *upCommand) string {
	seen := map[string][]string{}
	for _, tree := range shownTrees(up.seen.String()) {
		tree = strings.ReplaceAll(tree, up.agent, "http://localhost:8126")
		// A port that is shorter leaves room in the column.
		tree = regexp.MustCompile(up.thinker+`(\S*)`).ReplaceAllString(tree, "http://localhost:5001$1 ")
		title, _, _ := strings.Cut(tree, "   ")
		seen[title] = append(seen[title], tree)
	}
	return trees.ReplaceAllStringFunc(readme, func(block string) string {
		title, _, _ := strings.Cut(strings.TrimSpace(strings.Trim(block, "`\n")), "   ")
		title, _, _ = strings.Cut(title, "\n")
		if len(seen[title]) == 0 {
			return block
		}
		tree := seen[title][0]
		seen[title] = seen[title][1:]
		return "```\n" + tree + "```\n"
	})
}

// shownTrees are the trees among what workshop up prints.
func shownTrees(text string) (found []string) {
	tree := ""
	for line := range strings.Lines(text + "\n") {
		switch {
		case strings.HasPrefix(line, "GET /"):
			tree = line
		case tree != "" && strings.HasPrefix(line, "  ") && !strings.Contains(line, " │ "):
			tree += line
		case tree != "":
			found = append(found, tree)
			tree = ""
		}
	}
	return found
}

// same is what the README's trees have in common with those of another run on
// other ports: all but times, IDs and the width of columns.
func same(text string) string {
	text = regexp.MustCompile(` *▇+ *`).ReplaceAllString(normal(text), " ")
	text = regexp.MustCompile(`localhost:\w+`).ReplaceAllString(text, "localhost")
	text = regexp.MustCompile(`(?m)(\S) +`).ReplaceAllString(text, "$1 ")
	return strings.TrimSpace(text) + "\n"
}
