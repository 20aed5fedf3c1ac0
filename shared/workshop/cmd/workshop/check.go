package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"thinker/shared/workshop/check"
	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/runner"
	"thinker/shared/workshop/terminal"
	"thinker/shared/workshop/workspace"
)

// checkOptions are what the command's flags say.
type checkOptions struct {
	steps   []int
	dir     string // empty: each step's own
	hints   int    // how many are shown where an expectation is not met
	logs    bool
	machine bool
}

func checkCommand() *cobra.Command {
	var o checkOptions
	cmd := &cobra.Command{
		Use:   "check LESSON|all",
		Short: "Find out whether code reaches a lesson, and if not, why",
		Long: `Find out whether code reaches a lesson, and if not, why.

It builds the code's two services and runs them apart from all else: on free
ports, with an agent of their own and a Redis of their own. It sends the lesson's
requests and looks at their traces: a ✓ is what the lesson wants and is there, a
✗ what is not, and a – what cannot be told before that. Without --dir it checks
the step's own code.

It ends with 0 where the lesson is reached, 1 where it is not, and 2 where the
code could not be run.

--json prints one object: reached, and for each of the lessons its lesson, title,
code, reached, took_ms, error where it could not be run, requests (path, status,
took_ms, answer) and expectations (id, says, state, which is met, unmet or open,
trace_id, hints and, where it is unmet, finding: request, expected, instead,
cause, traces, each with its trace_id and its spans; a span's mark says what is
wrong with it). IDs are decimal, as text.`,
		Example: `  workshop check 2 --dir .workshop/try02
  workshop check 2 --dir step01 --hints 2
  workshop check all`,
		Args:      o.lessons,
		ValidArgs: append(lessons(), "all"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			out := terminal.New(os.Stdout)
			if o.machine {
				out = terminal.New(os.Stderr)
			}
			return checkLessons(cmd.Context(), out, o)
		},
	}
	cmd.Flags().StringVar(&o.dir, "dir", "", "check your own copy of a step in this directory, as workshop try makes one")
	cmd.Flags().IntVar(&o.hints, "hints", 1, "how many hints to show where something is missing, 0 to 3; the last is the lines themselves")
	cmd.Flags().BoolVar(&o.logs, "logs", false, "show what the services print")
	cmd.Flags().BoolVar(&o.machine, "json", false, "for programs: the outcome as one JSON object")
	return cmd
}

// lessons takes a lesson's number, or all, as the command's only argument.
func (o *checkOptions) lessons(cmd *cobra.Command, args []string) error {
	if len(args) == 1 && args[0] == "all" {
		for step := range runner.Steps {
			o.steps = append(o.steps, step+1)
		}
	} else {
		var step stepNumber
		if err := oneLesson(&step)(cmd, args); err != nil {
			return err
		}
		o.steps = []int{int(step)}
	}
	if o.dir != "" && len(o.steps) > 1 {
		return errors.New("--dir is the code for one lesson: say which, in place of all")
	}
	if o.hints < 0 || o.hints > 3 {
		return fmt.Errorf("--hints %d: choose 0 to 3", o.hints)
	}
	return nil
}

// checkLessons checks one lesson after the other.
func checkLessons(ctx context.Context, out *terminal.Terminal, o checkOptions) error {
	root, err := runner.FindRoot(".")
	if err != nil {
		return cannotRun{err}
	}
	out.Printf("%s", ignored(out, root))
	outcome := checkedJSON{Reached: true, Lessons: []lessonJSON{}}
	var failed error
	for _, step := range o.steps {
		target, err := targetOf(root, o.dir, step)
		if err != nil {
			return cannotRun{err}
		}
		c := &checker{out: out, root: root, target: target, hints: o.hints, logs: o.logs, quiet: o.machine, several: len(o.steps) > 1}
		report, err := c.check(ctx)
		if ctx.Err() != nil {
			return stopped(ctx, err)
		}
		outcome.add(target, report, err, o.hints)
		if err != nil && !o.machine {
			return err
		}
		if err == nil && !report.Reached() {
			err = errNo
		}
		failed = cmp.Or(failed, err)
	}
	if o.machine {
		if err := outcome.write(os.Stdout); err != nil {
			return err
		}
	}
	return failed
}

// A checker checks one target, and shows how that goes.
type checker struct {
	out     *terminal.Terminal
	root    string
	target  runner.Target
	hints   int
	logs    bool
	quiet   bool // shows nothing but how the building goes
	several bool // it is one of several lessons, of which the next follows

	ticked map[string]bool // expectations that were shown to be met
}

// check returns an error where the code could not be run.
func (c *checker) check(ctx context.Context) (check.Report, error) {
	c.ticked = map[string]bool{}
	c.say("%s   %s\n", c.out.Bold(fmt.Sprintf("Lesson %d: %s", c.target.Step, lesson.Title(c.target.Step))), c.code())
	report, err := check.Run(ctx, check.Options{
		Root: c.root, Target: c.target,
		Building: (&building{out: c.out}).tell, Log: c.log, Answered: c.answered, Judged: c.tick,
	})
	c.out.EndProgress()
	if err != nil {
		if _, uncompiled := errors.AsType[*runner.CompileError](err); uncompiled || ctx.Err() != nil {
			return report, err
		}
		return report, cannotRun{fmt.Errorf("%s cannot be checked: %w", c.code(), err)}
	}
	if !c.quiet {
		c.conclude(report)
	}
	if report.Reached() {
		reached := workspace.Reached{Step: c.target.Step, Dir: cmp.Or(c.target.Dir, filepath.Join(c.root, runner.StepName(c.target.Step))), At: time.Now()}
		if err := workspace.Reach(c.root, reached); err != nil {
			c.say("%s\n", c.out.Paragraph("", err.Error()+"."))
		}
	}
	return report, nil
}

// code is whose code is checked, as one types it.
func (c *checker) code() string {
	if c.target.Dir == "" {
		return c.target.Name()
	}
	return fromHere(c.target.Dir)
}

func (c *checker) say(format string, args ...any) {
	if !c.quiet {
		c.out.Printf(format, args...)
	}
}

func (c *checker) log(service, line string) {
	if c.logs {
		c.out.Log(service, line)
	}
}
