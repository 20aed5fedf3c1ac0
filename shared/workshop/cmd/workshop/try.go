package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/runner"
	"thinker/shared/workshop/terminal"
	"thinker/shared/workshop/workspace"
)

func tryCommand() *cobra.Command {
	var step stepNumber
	var reset bool
	cmd := &cobra.Command{
		Use:   "try LESSON",
		Short: "Make a copy of the code that a lesson begins with, to work on",
		Long: `Make a copy of the code that a lesson begins with, to work on.

For lesson 2 that is step 1's, in .workshop/try02, and so on; lesson 1 begins
with a thinker that is not traced yet. The copy builds at once, by itself, and
nothing done in it changes the steps. A copy that is there is left as it is.`,
		Example: `  workshop try 2
  workshop try 2 --reset`,
		Args:      oneLesson(&step),
		ValidArgs: lessons(),
		RunE: func(*cobra.Command, []string) error {
			return try(terminal.New(os.Stdout), int(step), reset)
		},
	}
	cmd.Flags().BoolVar(&reset, "reset", false, "begin anew; the copy that is there is moved aside")
	return cmd
}

func try(out *terminal.Terminal, step int, reset bool) error {
	root, err := runner.FindRoot(".")
	if err != nil {
		return cannotRun{err}
	}
	copied, err := workspace.Copy(root, step, reset)
	if err != nil {
		return cannotRun{err}
	}
	dir := fromHere(copied.Dir)
	out.Printf("%s\n\n", out.Bold(fmt.Sprintf("Lesson %d: %s", step, lesson.Title(step))))
	if copied.Found {
		out.Printf("Your copy is in %s, as you left it; --reset begins anew.\n", dir)
	} else {
		out.Printf("Your copy is in %s. Nothing that you do there changes the steps.\n", dir)
	}
	if copied.Aside != "" {
		out.Printf("The one that was there is now in %s.\n", fromHere(copied.Aside))
	}
	out.Printf("\n%s\n", out.Paragraph("", lesson.Task(step)))
	out.Printf("  open   %s in your editor\n", dir)
	out.Printf("  read   %s, which has hints to unfold\n", fromHere(readme(root, step)))
	out.Printf("  run    %s --step %d --dir %s\n", workshopUp(), step, dir)
	out.Printf("  check  %s check %d --dir %s\n", workshop(), step, dir)
	return nil
}
