//go:build unix

package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/runner"
)

var (
	commands = regexp.MustCompile(`(?m)^curl 'http://localhost:5000(.*)'$`)
	trees    = regexp.MustCompile("(?s)```\n(GET /.*?)```\n")
)

// TestReadme follows the README: for each step it sends the requests printed
// there and looks for the trees printed there in what workshop up shows.
func TestReadme(t *testing.T) {
	root, err := runner.FindRoot(".")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	program := workshop(t)
	for step := 1; step <= runner.Steps; step++ {
		t.Run(runner.StepName(step), func(t *testing.T) {
			heading := fmt.Sprintf("### Step %d: %s\n", step, lesson.Title(step))
			_, section, found := strings.Cut(string(readme), heading)
			if !found {
				t.Fatalf("the README has no heading %q", heading)
			}
			section, _, _ = strings.Cut(section, "\n##")
			printed := trees.FindAllStringSubmatch(section, -1)
			requests := commands.FindAllStringSubmatch(section, -1)
			if len(printed) == 0 || len(requests) == 0 {
				t.Fatal("the section has no requests or no trees")
			}

			up := start(t, program, step)
			up.until("Ctrl-C stops everything")
			for _, request := range requests {
				get(t, up.api+request[1])
			}
			up.signal(up.cmd.Process.Pid, syscall.SIGINT)
			for up.lines.Scan() {
				up.seen.WriteString(up.lines.Text() + "\n")
			}
			if err := up.cmd.Wait(); err != nil {
				t.Error(err)
			}
			seen := same(up.seen.String())
			for _, tree := range printed {
				if !strings.Contains(seen, same(tree[1])) {
					t.Errorf("the README prints\n%s\nbut this is shown:\n%s", tree[1], &up.seen)
				}
			}
		})
	}
}

// same is what the README's trees have in common with those of another run on
// other ports: all but times, IDs and the width of columns.
func same(text string) string {
	text = regexp.MustCompile(` *▇+ *`).ReplaceAllString(normal(text), " ")
	text = regexp.MustCompile(`localhost:\w+`).ReplaceAllString(text, "localhost")
	text = regexp.MustCompile(`(?m)(\S) +`).ReplaceAllString(text, "$1 ")
	return strings.TrimSpace(text) + "\n"
}
