package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"thinker/shared/apm/colour"
	"thinker/shared/apm/format"
	"thinker/shared/workshop/check"
	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/runner"
	"thinker/shared/workshop/terminal"
	"thinker/shared/workshop/workspace"
)

// answered shows a request and its response.
func (c *checker) answered(e lesson.Exchange) {
	c.say("  GET %s   %d   %s\n", e.Path, e.Status, format.Duration(e.Took))
	if e.Status >= http.StatusInternalServerError && !c.logs {
		c.say("    %s\n    (--logs shows the log lines of the services)\n", format.Printable(e.Body, 300))
	}
}

// tick shows the checks that have passed since the last call.
func (c *checker) tick(results []lesson.Result) {
	if c.quiet {
		return
	}
	for _, r := range results {
		if r.State == lesson.Passed && !c.ticked[r.ID] {
			c.ticked[r.ID] = true
			c.out.Item(terminal.Yes, r.ID, r.Says)
		}
	}
}

// conclude shows the checks that didn't pass, the result, and the next step. Only
// the learner's own code completes a step.
func (c *checker) conclude(report check.Report) {
	c.tick(report.Results)
	passed := 0
	for i := range report.Results {
		switch r := &report.Results[i]; r.State {
		case lesson.Failed:
			c.explain(r)
		case lesson.Unchecked:
			c.out.Item(terminal.Neither, r.ID, r.Says)
		default:
			passed++
		}
	}
	step, count := c.target.Step, fmt.Sprintf("%d of %d checks passed", passed, len(report.Results))
	checked := fmt.Sprintf("step %d", step)
	if c.exercise {
		checked = fmt.Sprintf("the exercise of step %d", step)
	}
	switch {
	case !report.Complete() && !c.exercise && c.completedBefore() != "":
		c.out.Printf("\n%s\n%s\n", c.out.Red("✗ "+count), c.completedBefore())
	case !report.Complete():
		c.out.Printf("\n%s\n", c.out.Red(fmt.Sprintf("✗ %s isn't complete yet: %s", checked, count)))
	case c.target.Original():
		c.out.Printf("\n✓ %s in %s\n", count, format.Duration(report.Took))
	default:
		c.out.Printf("\n✓ %s is complete: %s in %s\n", checked, count, format.Duration(report.Took))
	}
	switch {
	case c.several:
		c.out.Printf("\n")
	case c.target.Original():
		own := "try"
		if copyOf(c.root, step) != "" {
			own = "check"
		}
		c.out.Printf("Checked the original %s. To check your own code: %s %s %d\n", c.target.Name(), workshop(), own, step)
	case report.Complete() && !c.exercise && lesson.Exercise(step) != nil:
		c.out.Printf("Next: its exercise in %s, or %s try %d\n", fromHere(readme(c.root, step)), workshop(), step+1)
	case report.Complete() && step < runner.Steps:
		c.out.Printf("Next: %s try %d\n", workshop(), step+1)
	case report.Complete():
		c.out.Printf("That was the last step. You can now read a trace, and add tracing to a service.\n")
	}
}

// completedBefore says when the learner completed the step, so that a failed check
// of changed code doesn't contradict workshop status. It is empty if they haven't.
func (c *checker) completedBefore() string {
	progress, _ := workspace.Progress(c.root) // workshop status reports an error
	for _, r := range progress {
		if r.Step == c.target.Step && !r.Given() {
			return fmt.Sprintf("You completed step %d on %s. That still counts.", r.Step, formatTime(r.At))
		}
	}
	return ""
}

// explain shows why a check failed: the spans that arrived, the cause, and hints.
func (c *checker) explain(r *lesson.Result) {
	f := r.Finding
	c.out.Item(terminal.No, r.ID, r.Says)
	c.detail("request", "GET "+f.Request)
	c.detail("expected", f.Expected)
	c.detail("instead", f.Instead)
	for _, tree := range f.Trees {
		c.out.MarkedTrace(tree.Trace, "", &colour.Palette{}, tree.Marks)
	}
	c.out.Printf("\n")
	c.detail("likely", f.Cause)
	for _, hint := range r.Hints[:c.hints] {
		c.hint(hint)
	}
	if c.hints < len(r.Hints) {
		c.detail("", fmt.Sprintf("(--hints %d shows more)", c.hints+1))
	}
}

const detailMargin = 14 // columns

// detail writes a text beside its label.
func (c *checker) detail(label, text string) {
	margin := strings.Repeat(" ", detailMargin)
	c.out.Printf("    %-10s%s", label, strings.TrimPrefix(c.out.Paragraph(margin, text), margin))
}

// hint writes a hint's Markdown: its paragraphs wrapped, its code as it is.
func (c *checker) hint(markdown string) {
	label, isCode := "hint", false
	for part := range strings.SplitSeq(markdown, "```") {
		if isCode {
			_, lines, _ := strings.Cut(part, "\n")
			c.out.Printf("\n%s\n", code(lines))
		} else if text := strings.TrimSpace(part); text != "" {
			c.detail(label, text)
			label = ""
		}
		isCode = !isCode
	}
}

// code formats lines of Go for a terminal: it removes their common indentation and
// replaces tabs, which are wide there, by spaces.
func code(text string) string {
	const margin = "      "
	lines := slices.DeleteFunc(strings.Split(text, "\n"), func(line string) bool { return line == "" })
	common := len(text)
	for _, line := range lines {
		common = min(common, len(line)-len(strings.TrimLeft(line, "\t")))
	}
	var out strings.Builder
	for _, line := range lines {
		out.WriteString(margin + strings.ReplaceAll(line[common:], "\t", "    ") + "\n")
	}
	return out.String()
}
