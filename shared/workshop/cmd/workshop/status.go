package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/runner"
	"thinker/shared/workshop/terminal"
	"thinker/shared/workshop/workspace"
)

func statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show which lessons were reached here, and what to do next",
		Long: `Show which lessons were reached here, with whose code, and what to do next.

A lesson is reached when workshop check says so. That is kept in .workshop, and
so are the copies that workshop try makes.`,
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
	next := 0
	for step := 1; step <= runner.Steps; step++ {
		line := fmt.Sprintf("Lesson %d: %s", step, lesson.Title(step))
		i := slices.IndexFunc(reached, func(r workspace.Reached) bool { return r.Step == step && !r.Given() })
		dir := workspace.CopyDir(root, step)
		switch {
		case i >= 0:
			by := filepath.Join(root, filepath.FromSlash(reached[i].Dir))
			out.Printf("✓ %-32s reached %s in %s\n", line, reached[i].At.Local().Format("2 Jan 2006, 15:04"), fromHere(by))
		case exists(dir):
			out.Printf("  %-32s begun in %s\n", line, fromHere(dir))
		default:
			out.Printf("  %s\n", line)
		}
		if i < 0 && next == 0 {
			next = step
		}
	}
	if next == 0 {
		out.Printf("\nAll lessons are reached.\n")
		return nil
	}
	out.Printf("\nNext, lesson %d:\n\n", next)
	if dir := workspace.CopyDir(root, next); exists(dir) {
		out.Printf("  %s check %d --dir %s\n", workshop(), next, fromHere(dir))
	} else {
		out.Printf("  %s try %d\n", workshop(), next)
	}
	return nil
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}
