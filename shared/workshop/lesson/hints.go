package lesson

import (
	"embed"
	"fmt"
	"strings"
)

// hintFiles have a section for each expectation of a step, headed by its ID, with
// three hints separated by lines.
//
//go:embed hints/*.md
var hintFiles embed.FS

// hints returns those of one expectation.
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
