package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"

	"thinker/shared/workshop/runner"
)

// numbered is the end of a directory's name that says which step it is a copy of.
var numbered = regexp.MustCompile(`(?:^|\D)0?([1-5])$`)

// targetOf is what to run: the code in dir or, where that is empty, the step's
// own. A step of 0 is taken from the directory's name, as from try02.
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
			return runner.Target{}, fmt.Errorf("%s has no directory %s: name a copy of a step, such as '%s try 2' makes", dir, service, workshop())
		}
	}
	if step == 0 {
		number := numbered.FindStringSubmatch(filepath.Base(abs))
		if number == nil {
			return runner.Target{}, fmt.Errorf("the name of %s does not say of which step it is a copy: add --step and its number", dir)
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
