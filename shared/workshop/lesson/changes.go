package lesson

import (
	"embed"
	"fmt"
	"strings"
)

// changeFiles have a paragraph for each hunk of a step's diff: the file with a text in one
// of the changed lines, and the sentence.
//
//go:embed changes/*.txt
var changeFiles embed.FS

// A change is what a hunk of a lesson's diff is for.
type change struct {
	file string
	line string // is in a changed line of the hunk, and of no other hunk; empty: the file is deleted
	says string
}

func changes(step int) (all []change) {
	text, err := changeFiles.ReadFile(fmt.Sprintf("changes/step%02d.txt", step))
	if err != nil {
		panic(err) // the files are part of the program
	}
	for paragraph := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n\n") {
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
