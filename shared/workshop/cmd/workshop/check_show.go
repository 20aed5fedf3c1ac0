package main

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"thinker/shared/apm"
	"thinker/shared/apm/colour"
	"thinker/shared/workshop/check"
	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/runner"
	"thinker/shared/workshop/terminal"
)

// answered shows a request that was answered.
func (c *checker) answered(e lesson.Exchange) {
	c.say("  GET %s   %d   %s\n", e.Path, e.Status, apm.FormatDuration(e.Answered.Sub(e.Sent)))
	if e.Status >= http.StatusInternalServerError && !c.logs {
		c.say("    %s\n    (--logs shows what the services say of it)\n", apm.Printable(e.Body, 300))
	}
}

// tick shows what is met now and was not before.
func (c *checker) tick(results []lesson.Result) {
	if c.quiet {
		return
	}
	for _, r := range results {
		if r.State == lesson.Met && !c.ticked[r.ID] {
			c.ticked[r.ID] = true
			c.out.Item(terminal.Yes, r.ID, r.Says)
		}
	}
}

// conclude shows what is not met, and says what to do next.
func (c *checker) conclude(report check.Report) {
	c.tick(report.Results)
	var first *lesson.Result
	for i := range report.Results {
		r := &report.Results[i]
		switch {
		case r.State == lesson.Unmet:
			c.explain(r)
			first = cmp.Or(first, r)
		case r.State == lesson.Open:
			c.out.Item(terminal.Neither, r.ID, r.Says)
		}
	}
	step := c.target.Step
	switch {
	case first != nil:
		c.fail(first.Finding.Instead)
	case !report.Reached():
		c.fail("what has a – cannot be told from its requests.")
	case c.several:
		c.out.Printf("\n✓ lesson %d is reached, after %s\n\n", step, apm.FormatDuration(report.Took))
	case step < runner.Steps:
		c.out.Printf("\n✓ lesson %d is reached, after %s. Next: %s try %d\n", step, apm.FormatDuration(report.Took), workshop(), step+1)
	default:
		c.out.Printf("\n✓ lesson %d is reached, after %s. It is the last: you can read a trace, and make one.\n", step, apm.FormatDuration(report.Took))
	}
}

func (c *checker) fail(why string) {
	text := c.out.Paragraph("", fmt.Sprintf("✗ lesson %d is not reached: %s", c.target.Step, why))
	c.out.Printf("\n%s\n", c.out.Red(strings.TrimSpace(text)))
}

// explain shows why an expectation is not met: what came, and how to go on.
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
		c.detail("", fmt.Sprintf("(--hints %d tells more)", c.hints+1))
	}
}

const detailMargin = 14 // columns

// detail writes a text beside what it is.
func (c *checker) detail(label, text string) {
	margin := strings.Repeat(" ", detailMargin)
	c.out.Printf("    %-10s%s", label, strings.TrimPrefix(c.out.Paragraph(margin, text), margin))
}

// hint writes a hint's Markdown: its paragraphs, and its code as it is.
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

// code is lines of Go for a terminal, where tabs are wide: with the indentation
// that they have in common taken out.
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
