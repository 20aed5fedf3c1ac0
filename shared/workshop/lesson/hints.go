package lesson

import (
	"embed"
	"fmt"
	"strings"
)

// hintFiles have a section for each expectation of a step, under its ID, and in it
// three hints with lines between them.
//
//go:embed hints/*.md
var hintFiles embed.FS

// hints are those of one expectation.
func hints(step int, id string) (three [3]string) {
	text, err := hintFiles.ReadFile(fmt.Sprintf("hints/step%02d.md", step))
	if err != nil {
		panic(err) // the files are part of the program
	}
	_, section, _ := strings.Cut("\n"+string(text), "\n## "+id+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for i, hint := range strings.SplitN(section, "\n---\n", 3) {
		three[i] = strings.TrimSpace(hint)
	}
	return three
}
