package lesson

import (
	"maps"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// A Hunk is one place where two versions of the code differ.
type Hunk struct {
	File string // as Code has it
	Says string // what the change is for: a sentence; empty if the lesson doesn't make it
	Text string // as in a unified diff, from @@ on; empty if the file was deleted
}

// Diff returns what a lesson changes in the code that it starts with.
func Diff(root string, step int) ([]Hunk, error) {
	before, err := Start(root, step)
	if err != nil {
		return nil, err
	}
	after, err := Solution(root, step)
	if err != nil {
		return nil, err
	}
	return Compare(step, before, after), nil
}

// Compare returns the changes from one version of the code to another: first those
// in the api, then those in the microservice. A change that the lesson makes comes
// with its sentence.
func Compare(step int, before, after Code) (hunks []Hunk) {
	files := maps.Clone(before)
	maps.Copy(files, after)
	for _, file := range slices.Sorted(maps.Keys(files)) {
		var changed []Hunk
		if _, kept := after[file]; !kept {
			changed = []Hunk{{File: file}}
		} else {
			changed = compareFile(file, before[file], after[file])
		}
		for i := range changed {
			changed[i].Says = says(step, changed[i])
		}
		hunks = append(hunks, changed...)
	}
	return hunks
}

func compareFile(file, before, after string) (hunks []Hunk) {
	edits := udiff.Lines(before, after)
	slideDown(before, edits)
	diff, err := udiff.ToUnifiedDiff("", "", before, edits, udiff.DefaultContextLines)
	if err != nil {
		panic(err) // the edits were made from this text
	}
	added := 0
	for _, hunk := range diff.Hunks {
		hunk.ToLine = hunk.FromLine + added // the library counts it wrong
		for _, line := range hunk.Lines {
			switch line.Kind {
			case udiff.Insert:
				added++
			case udiff.Delete:
				added--
			}
		}
		one := udiff.UnifiedDiff{Hunks: []*udiff.Hunk{hunk}}.String()
		hunks = append(hunks, Hunk{File: file, Text: one[strings.Index(one, "@@"):]})
	}
	return hunks
}

// slideDown moves insertions as far down as possible without changing the result. A
// new function then ends with its own closing brace instead of starting with that
// of the function before.
func slideDown(before string, edits []udiff.Edit) {
	for i := range edits {
		end := len(before)
		if i+1 < len(edits) {
			end = edits[i+1].Start
		}
		for e := &edits[i]; e.Start == e.End; {
			line, rest, _ := strings.Cut(e.New, "\n")
			line += "\n"
			if !strings.HasPrefix(before[e.End:end], line) {
				break
			}
			e.New = rest + line
			e.Start += len(line)
			e.End = e.Start
		}
	}
}
