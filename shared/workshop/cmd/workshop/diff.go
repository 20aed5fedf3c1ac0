package main

import (
	"os"
	"path"
	"path/filepath"

	"github.com/spf13/cobra"

	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/runner"
	"thinker/shared/workshop/terminal"
)

func diffCommand() *cobra.Command {
	var step stepNumber
	var dir string
	cmd := &cobra.Command{
		Use:   "diff STEP",
		Short: "Show what a step changes in the code, and why",
		Long: `Show what a step changes in the code, and why.

It compares the code that the step starts from (the code workshop try copies)
with the finished step. With --dir, it compares your code with the finished step.`,
		Example: `  workshop diff 2
  workshop diff 2 --dir .workshop/try02`,
		Args:      oneStep(&step),
		ValidArgs: stepNumbers(),
		RunE: func(*cobra.Command, []string) error {
			return diff(terminal.New(os.Stdout), int(step), dir)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "directory of your code")
	return cmd
}

func diff(out *terminal.Terminal, step int, dir string) error {
	root, err := runner.FindRoot(".")
	if err != nil {
		return cannotRun{err}
	}
	before, name, err := begin(root, step, dir)
	if err != nil {
		return cannotRun{err}
	}
	after, err := lesson.Solution(root, step)
	if err != nil {
		return cannotRun{err}
	}
	hunks := lesson.Compare(step, before, after)
	if len(hunks) == 0 {
		out.Printf("%s and %s have the same code.\n", name, runner.StepName(step))
	}
	showHunks(out, hunks, name, runner.StepName(step))
	return nil
}

// begin returns the code to compare with a finished step, and its name.
func begin(root string, step int, dir string) (code lesson.Code, name string, err error) {
	if dir != "" {
		code, err = lesson.ReadCode(dir)
		return code, filepath.ToSlash(filepath.Clean(dir)), err
	}
	name = runner.StepName(max(1, step-1))
	if step == 1 {
		name = ".workshop/try01"
	}
	code, err = lesson.Start(root, step)
	return code, name, err
}

func showHunks(out *terminal.Terminal, hunks []lesson.Hunk, from, to string) {
	before := ""
	show := func(text string) {
		out.Printf("%s%s", before, text)
		before = "\n"
	}
	for i, hunk := range hunks {
		if hunk.Text == "" {
			show(out.Bold("Only in "+from+"/"+path.Dir(hunk.File)+": "+path.Base(hunk.File)) + "\n")
		} else if i == 0 || hunk.File != hunks[i-1].File {
			show(out.Bold("--- "+from+"/"+hunk.File) + "\n" + out.Bold("+++ "+to+"/"+hunk.File) + "\n")
		}
		if hunk.Says != "" {
			show(out.Paragraph("", hunk.Says))
		}
		if hunk.Text != "" {
			show(out.Diff(hunk.Text))
		}
	}
}
