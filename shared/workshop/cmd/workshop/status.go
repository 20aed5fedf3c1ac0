package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/runner"
	"thinker/shared/workshop/terminal"
	"thinker/shared/workshop/workspace"
)

func statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show which steps you have completed, and what to do next",
		Long: `Show which steps you have completed, and what to do next.

A step is complete once every check of workshop check has passed with your own
code. Your copies and your progress are stored in .workshop.`,
		Example: "  workshop status",
		Args:    noArguments,
		RunE:    func(*cobra.Command, []string) error { return status(terminal.New(os.Stdout)) },
	}
}

func status(out *terminal.Terminal) error {
	root, err := runner.FindRoot(".")
	if err != nil {
		return cannotRun{err}
	}
	reached, err := workspace.Progress(root)
	if err != nil {
		out.Printf("%s\n", out.Paragraph("", err.Error()+"."))
	}
	first, next := 0, 0 // of the steps that are not complete: of all, and after the last complete one
	for step := 1; step <= runner.Steps; step++ {
		line := fmt.Sprintf("Step %d: %s", step, lesson.Title(step))
		i := slices.IndexFunc(reached, func(r workspace.Reached) bool { return r.Step == step && !r.Given() })
		dir := copyOf(root, step)
		switch {
		case i >= 0:
			by := filepath.Join(root, filepath.FromSlash(reached[i].Dir))
			out.Printf("✓ %-32s completed %s in %s\n", line, formatTime(reached[i].At), fromHere(by))
		case dir != "":
			out.Printf("  %-32s started in %s\n", line, fromHere(dir))
		default:
			out.Printf("  %s\n", line)
		}
		if i >= 0 {
			next = 0
		} else {
			first, next = cmp.Or(first, step), cmp.Or(next, step)
		}
	}
	if next = cmp.Or(next, first); next == 0 {
		out.Printf("\nAll steps are complete.\n")
		return nil
	}
	out.Printf("\nNext: step %d\n\n", next)
	if copyOf(root, next) != "" {
		out.Printf("  %s check %d\n", workshop(), next)
	} else {
		out.Printf("  %s try %d\n", workshop(), next)
	}
	return nil
}

// formatTime formats a time for people, in their time zone.
func formatTime(t time.Time) string { return t.Local().Format("2 Jan 2006, 15:04") }
