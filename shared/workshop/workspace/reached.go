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

// A Reached is a lesson that was reached.
type Reached struct {
	Step int       `json:"step"`
	Dir  string    `json:"dir"` // whose code it was; within the workshop, from its directory: .workshop/try02
	At   time.Time `json:"at"`
}

// Given tells that it was with the code that the step comes with.
func (r Reached) Given() bool { return r.Dir == runner.StepName(r.Step) }

// version is of the file's form; a program reads none that is newer than itself.
const version = 1

// progress is what the file holds.
type progress struct {
	Version int       `json:"version"`
	Reached []Reached `json:"reached"` // the first time of each lesson, in their order
}

func progressFile(root string) string { return filepath.Join(Dir(root), "reached.json") }

// errDamaged is for a file that is none of ours any more.
var errDamaged = errors.New("is damaged")

// Progress are the lessons that were reached so far, the first time of each: with
// code of one's own, if ever it was.
func Progress(root string) ([]Reached, error) {
	p, err := readProgress(root)
	if err != nil {
		return nil, fmt.Errorf("read which lessons were reached: %w", err)
	}
	return p.Reached, nil
}

// Reach records that a lesson was reached. An error is no more than something to
// tell: where the record is damaged it is set aside, and this lesson begins a new
// one.
func Reach(root string, r Reached) error {
	if err := record(root, r); err != nil {
		return fmt.Errorf("record that lesson %d is reached: %w", r.Step, err)
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
		damaged = fmt.Errorf("%w, and is now %s", damaged, aside)
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

// fromRoot is a directory as it is called from the workshop's, if it is in there.
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
		return progress{}, fmt.Errorf("%s is of a newer workshop, and is left as it is", file)
	}
	return p, nil
}

// writeProgress puts a whole new file in the place of the old one.
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
