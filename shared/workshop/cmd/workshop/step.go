package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"thinker/shared/workshop/runner"
)

// oneStep reads a step's number as a command's only argument.
func oneStep(step *stepNumber) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return fmt.Errorf("which step? Add its number: %s 2", cmd.CommandPath())
		}
		if err := step.Set(args[0]); err != nil {
			return fmt.Errorf("there is no step %q: %w", args[0], err)
		}
		return nil
	}
}

// stepNumbers returns the arguments that oneStep accepts, for completion.
func stepNumbers() (numbers []string) {
	for step := range runner.Steps {
		numbers = append(numbers, fmt.Sprint(step+1))
	}
	return numbers
}

// workshop returns how this program was called, for lines that people copy. In a
// container, WORKSHOP_COMMAND holds the call from outside.
func workshop() string {
	called := os.Args[0]
	if startedByGoRun() {
		called = "go run ./shared/workshop/cmd/workshop"
	}
	return cmp.Or(os.Getenv("WORKSHOP_COMMAND"), called)
}

// workshopUp returns how to start a step. In a container, WORKSHOP_UP holds the call
// that also publishes its ports.
func workshopUp() string { return cmp.Or(os.Getenv("WORKSHOP_UP"), workshop()+" up") }

// fromHere returns a path relative to the current directory, if that is shorter.
func fromHere(path string) string {
	if here, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(here, path); err == nil && len(rel) < len(path) {
			return rel
		}
	}
	return path
}

// readme returns the path of a step's README.
func readme(root string, step int) string {
	return filepath.Join(root, runner.StepName(step), "README.md")
}
