package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"thinker/shared/workshop/runner"
)

// oneLesson takes a lesson's number as a command's only argument.
func oneLesson(lesson *stepNumber) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return fmt.Errorf("say which lesson, as in '%s 2'", cmd.CommandPath())
		}
		if err := lesson.Set(args[0]); err != nil {
			return fmt.Errorf("there is no lesson %q: %w", args[0], err)
		}
		return nil
	}
}

// lessons are the arguments that oneLesson takes, for completion.
func lessons() (numbers []string) {
	for step := range runner.Steps {
		numbers = append(numbers, fmt.Sprint(step+1))
	}
	return numbers
}

// workshop is how this program was called, for lines that people copy. A container
// is called from outside, and told how by WORKSHOP_COMMAND.
func workshop() string {
	called := os.Args[0]
	if startedByGoRun() {
		called = "go run ./shared/workshop/cmd/workshop"
	}
	return cmp.Or(os.Getenv("WORKSHOP_COMMAND"), called)
}

// workshopUp is how a step is started, which takes more where a container has to
// publish its ports: WORKSHOP_UP says what.
func workshopUp() string { return cmp.Or(os.Getenv("WORKSHOP_UP"), workshop()+" up") }

// fromHere is a path as it is typed in the current directory.
func fromHere(path string) string {
	if here, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(here, path); err == nil && len(rel) < len(path) {
			return rel
		}
	}
	return path
}

// readme is the page of a lesson.
func readme(root string, step int) string {
	return filepath.Join(root, runner.StepName(step), "README.md")
}
