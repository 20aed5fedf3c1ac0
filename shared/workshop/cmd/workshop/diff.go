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
		Use:   "diff LESSON",
		Short: "Show what a lesson changes in the code, and what each change is for",
		Long: `Show what a lesson changes in the code, and what each change is for.

It is the difference between the code that the lesson begins with, which
workshop try copies, and the step's own. With --dir it begins with yours: what
remains to be done, or what you have done otherwise.`,
		Example: `  workshop diff 2
  workshop diff 2 --dir .workshop/try02`,
		Args:      oneLesson(&step),
		ValidArgs: lessons(),
		RunE: func(*cobra.Command, []string) error {
			return diff(terminal.New(os.Stdout), int(step), dir)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "the directory of your code")
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
		out.Printf("There is no difference between %s and %s.\n", name, runner.StepName(step))
	}
	showHunks(out, hunks, name, runner.StepName(step))
	return nil
}

// begin is the code to compare with a step's, and what it is called.
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
