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
		Use:   "try STEP",
		Short: "Make your own copy of a step's starting code",
		Long: `Make your own copy of a step's starting code.

Each step starts from the finished code of the step before it. Step 1 starts from
a microservice that isn't traced yet. The copy for step 2 is .workshop/try02. It
builds right away, and your changes don't touch the original steps. A copy that
already exists stays as it is.`,
		Example: `  workshop try 2
  workshop try 2 --reset`,
		Args:      oneStep(&step),
		ValidArgs: stepNumbers(),
		RunE: func(*cobra.Command, []string) error {
			return try(terminal.New(os.Stdout), int(step), reset)
		},
	}
	cmd.Flags().BoolVar(&reset, "reset", false, "start over; your current copy is renamed, not deleted")
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
	out.Printf("%s\n\n", out.Bold(fmt.Sprintf("Step %d: %s", step, lesson.Title(step))))
	if copied.Found {
		out.Printf("Your copy is in %s, as you left it. To start over, add --reset.\n", dir)
	} else {
		out.Printf("Your copy is in %s. Changes there don't touch the original steps.\n", dir)
	}
	if copied.Aside != "" {
		out.Printf("Your previous copy is now in %s.\n", fromHere(copied.Aside))
	}
	out.Printf("\n%s\n", out.Paragraph("", lesson.Task(step)))
	out.Printf("  open   %s in your editor\n", dir)
	out.Printf("  read   %s for the exercise and its hints\n", fromHere(readme(root, step)))
	out.Printf("  run    %s --step %d --dir %s\n", workshopUp(), step, dir)
	out.Printf("  check  %s check %d\n", workshop(), step)
	return nil
}
