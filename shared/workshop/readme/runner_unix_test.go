//go:build unix

package readme

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"thinker/shared/workshop/need"
)

// A Runner runs the blocks of Markdown files one after the other in one shell.
type Runner struct {
	Docker bool          // run the blocks for Docker, not those for Go
	Wait   time.Duration // for output to appear in a step's terminal
	Errors []error       // what failed, each with its place
	Ran    int           // blocks of commands
	Shown  int           // blocks of output that were compared

	session *session
}

// NewRunner returns a runner that works in a directory, with additional variables. It needs
// the ports that the READMEs name.
func NewRunner(t testing.TB, dir string, env ...string) *Runner {
	t.Helper()
	r := NewRunnerAt(t, dir, health, env...)
	r.Wait = 20 * time.Second
	if addr := r.session.taken(); addr != "" {
		need.Missing(t, "the READMEs' steps need %s, where a program listens already", addr)
	}
	return r
}

// NewRunnerAt is NewRunner for a step that is healthy once some paths respond, by address.
func NewRunnerAt(t testing.TB, dir string, health map[string]string, env ...string) *Runner {
	t.Helper()
	s := open(t, dir, env...)
	s.health = health
	return &Runner{session: s}
}

// Run runs the blocks of a file and returns its text with the output of this run
// in place of the output that differs. It continues after different output, and stops if a
// command fails.
// See decisions/step-readmes.md.
func (r *Runner) Run(t testing.TB, file, text string) (updated string, err error) {
	t.Helper()
	blocks, err := Parse(file, text)
	if err != nil {
		return text, err
	}
	lines := strings.SplitAfter(text, "\n")
	var output string // of the last block of commands
	from := 0         // what the step's terminal has printed since then
	comparable := false
	for _, b := range blocks {
		ctx := need.Context(t)
		switch {
		case b.IsCommands() && (b.NotRun != "" || r.Docker && !b.Docker || !r.Docker && !b.Go):
			comparable = false
		case b.IsUp():
			if err := r.session.up(ctx, b); err != nil {
				return text, err
			}
			output, from, comparable = "", 0, true
			r.Ran++
		case b.IsCommands():
			from = r.session.length()
			if output, err = r.session.run(ctx, b); err != nil {
				return text, err
			}
			comparable = true
			r.Ran++
		case b.IsOutput() && comparable:
			r.Shown++
			if got, err := r.compare(ctx, b, output, from); err != nil {
				r.Errors = append(r.Errors, err)
				if got != b.Text { // it replaces the block's first line, and the others go
					for i := range strings.Count(b.Text, "\n") {
						lines[b.Line-1+i] = ""
					}
					lines[b.Line-1] = got
				}
			}
		}
	}
	r.checkLinks(need.Context(t), file, text)
	return strings.Join(lines, ""), r.session.down(need.Context(t))
}

// compare compares a block with the output of the commands before it, or with what the step's
// terminal has printed since then.
func (r *Runner) compare(ctx context.Context, b Block, output string, from int) (got string, err error) {
	if Equal(b.Text, output) {
		return b.Text, nil
	}
	ctx, cancel := context.WithTimeout(ctx, r.Wait)
	defer cancel()
	terminal, contains := r.session.terminal(ctx, from, b.Text)
	if contains {
		return b.Text, nil
	}
	return Printed(b.Text, output, terminal),
		fmt.Errorf("%s: it shows\n%s\nbut the commands before it print\n%s\nand the step's terminal\n%s",
			b.Position(), b.Text, output, terminal)
}

var pageLink = regexp.MustCompile(`[(<](http://localhost:8126[^)>\s]*)[)>]`)

// checkLinks checks that each link to the agent's pages leads to a page. Lessons only have
// pages without Docker.
func (r *Runner) checkLinks(ctx context.Context, file, text string) {
	if r.session.step == nil || r.Docker {
		return
	}
	for i, line := range strings.Split(text, "\n") {
		for _, link := range pageLink.FindAllStringSubmatch(line, -1) {
			if got := r.session.page(ctx, link[1], r.Wait); got != http.StatusOK {
				r.Errors = append(r.Errors, fmt.Errorf("%s:%d: %s: status %d", file, i+1, link[1], got))
			}
		}
	}
}
