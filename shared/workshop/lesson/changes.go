package lesson

import (
	"strings"
)

// A change is what a hunk of a lesson's diff is for.
type change struct {
	file string
	line string // is in a changed line of the hunk, and of no other hunk; empty: the file is deleted
	says string
}

// changes reads a step's changes. Each has a paragraph: the file with a text in one of the
// changed lines, then the sentence.
func changes(step int) (all []change) {
	for paragraph := range strings.SplitSeq(strings.TrimSpace(text("changes/step%02d.txt", step)), "\n\n") {
		where, says, _ := strings.Cut(paragraph, "\n")
		file, line, _ := strings.Cut(where, ":")
		all = append(all, change{file, strings.TrimSpace(line), says})
	}
	return all
}

// says is the sentence for a hunk of a lesson's diff.
func says(step int, hunk Hunk) string {
	for _, c := range changes(step) {
		if c.file == hunk.File && c.in(hunk) {
			return c.says
		}
	}
	return ""
}

func (c change) in(hunk Hunk) bool {
	if c.line == "" {
		return hunk.Text == ""
	}
	for line := range strings.Lines(hunk.Text) {
		if strings.ContainsAny(line[:1], "+-") && strings.Contains(line, c.line) {
			return true
		}
	}
	return false
}
