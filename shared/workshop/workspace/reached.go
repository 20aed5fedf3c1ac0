package workspace

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"thinker/shared/workshop/runner"
)

// A Reached is a step whose checks have all passed.
type Reached struct {
	Step int       `json:"step"`
	Dir  string    `json:"dir"` // of the code; relative to the workshop if inside it: .workshop/try02
	At   time.Time `json:"at"`
}

// Given reports whether the code was an original step, not the learner's own. Such a
// record doesn't complete the step.
func (r Reached) Given() bool {
	for step := range runner.Steps {
		if r.Dir == runner.StepName(step+1) {
			return true
		}
	}
	return false
}

// version is the version of the file's format. A program doesn't read a newer one.
const version = 1

// progress is the content of the file.
type progress struct {
	Version int       `json:"version"`
	Reached []Reached `json:"reached"` // the first time of each lesson, in their order
}

func progressFile(root string) string { return filepath.Join(Dir(root), "reached.json") }

// errDamaged reports a file that can't be read any more.
var errDamaged = errors.New("is damaged")

// Progress returns the first record of each step: the first one with the learner's
// own code, if there is one.
func Progress(root string) ([]Reached, error) {
	p, err := readProgress(root)
	if err != nil {
		return nil, fmt.Errorf("read your progress: %w", err)
	}
	return p.Reached, nil
}

// Reach records that all checks of a step have passed. If the file is damaged, it is
// renamed, and a new one starts with this step; the error then only informs.
func Reach(root string, r Reached) error {
	if err := record(root, r); err != nil {
		return fmt.Errorf("record that step %d is complete: %w", r.Step, err)
	}
	return nil
}

func record(root string, r Reached) error {
	release, err := lock(root)
	if err != nil {
		return err
	}
	defer release()
	p, damaged := readProgress(root)
	if errors.Is(damaged, errDamaged) {
		aside := unused(progressFile(root) + time.Now().Format(".damaged-20060102-150405"))
		if err := os.Rename(progressFile(root), aside); err != nil {
			return err
		}
		damaged = fmt.Errorf("%w. A new one was started, and the damaged one was renamed to %s", damaged, aside)
	} else if damaged != nil {
		return damaged
	}
	r.Dir = fromRoot(root, r.Dir)
	i := slices.IndexFunc(p.Reached, func(before Reached) bool { return before.Step == r.Step })
	if i >= 0 && (!p.Reached[i].Given() || r.Given()) {
		return nil
	} else if i >= 0 {
		p.Reached[i] = r
	} else {
		p.Reached = append(p.Reached, r)
	}
	slices.SortFunc(p.Reached, func(a, b Reached) int { return a.Step - b.Step })
	p.Version = version
	return errors.Join(damaged, writeProgress(root, p))
}

// fromRoot returns a directory relative to the workshop's, if it is inside.
func fromRoot(root, dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return dir
	}
	if within, err := filepath.Rel(root, abs); err == nil && filepath.IsLocal(within) {
		return filepath.ToSlash(within)
	}
	return abs
}

func readProgress(root string) (p progress, err error) {
	file := progressFile(root)
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return progress{}, nil
	} else if err != nil {
		return progress{}, err
	}
	if err := json.Unmarshal(text, &p); err != nil || p.Version < 1 {
		return progress{}, fmt.Errorf("%s %w", file, errDamaged)
	}
	if p.Version > version {
		return progress{}, fmt.Errorf("%s was written by a newer version of the workshop. It stays as it is. "+
			"Update your clone", file)
	}
	return p, nil
}

// writeProgress replaces the file at once.
func writeProgress(root string, p progress) error {
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	next := progressFile(root) + ".next"
	if err := os.WriteFile(next, append(text, '\n'), 0o644); err != nil {
		return err
	}
	giveToOwner(root, next)
	return os.Rename(next, progressFile(root))
}
