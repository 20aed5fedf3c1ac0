package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"

	"thinker/shared/workshop/runner"
	"thinker/shared/workshop/workspace"
)

// numbered matches the end of a directory's name that gives the step, as in try02.
var numbered = regexp.MustCompile(`(?:^|\D)0?([1-5])$`)

// copyOf returns the directory of the learner's copy of a step, or "" if there is none.
func copyOf(root string, step int) string {
	dir := workspace.CopyDir(root, step)
	if _, err := os.Lstat(dir); err != nil {
		return ""
	}
	return dir
}

// targetOf returns the code to run: the code in dir or, if that is empty, the
// original step. A step of 0 is taken from the directory's name, as from try02.
func targetOf(root, dir string, step int) (runner.Target, error) {
	if dir == "" {
		return runner.Target{Step: step}, nil
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return runner.Target{}, err
	}
	for _, service := range []string{"api", "thinker"} {
		if info, err := os.Stat(filepath.Join(abs, service)); err != nil || !info.IsDir() {
			return runner.Target{}, fmt.Errorf("%s has no directory %s. Use the directory of a step or of a copy. "+
				"To make a copy: %s try 2", fromHere(dir), service, workshop())
		}
	}
	if step == 0 {
		number := numbered.FindStringSubmatch(filepath.Base(abs))
		if number == nil {
			return runner.Target{}, fmt.Errorf("the name of %s doesn't say which step it is a copy of. "+
				"Add the number: --step 2", dir)
		}
		step, _ = strconv.Atoi(number[1]) // it is a digit
	}
	if own, err := filepath.EvalSymlinks(filepath.Join(root, runner.StepName(step))); err == nil {
		if real, err := filepath.EvalSymlinks(abs); err == nil && real == own {
			return runner.Target{Step: step}, nil
		}
	}
	return runner.Target{Step: step, Dir: abs}, nil
}
