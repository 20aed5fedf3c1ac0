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
	steps    []int
	exercise bool
	dir      string // empty: the learner's copy of each step or, without one, the original
	hints    int    // how many to show for a failed check
	logs     bool
	machine  bool
}

func checkCommand() *cobra.Command {
	var o checkOptions
	cmd := &cobra.Command{
		Use:   "check STEP|all",
		Short: "Check your code for a step, and explain what is missing",
		Long: `Check your code for a step, and explain what is missing.

Without --dir, it checks your copy (.workshop/try02 for step 2). If you have no
copy, it checks the original code of the step.

It builds both services and runs them on free ports, with their own agent and
their own Redis. Then it sends the step's requests and checks their traces:
  ✓  passed
  ✗  failed
  –  not checked yet, because an earlier point failed

With --exercise, it checks the exercise at the end of step 4.

Exit codes: 0 if every check passed, 1 if not, 2 if the code could not run.

--json prints one object with complete and steps. Each step has step, title,
exercise, code, complete, took_ms, error (if the code could not run), requests
(path, status, took_ms, body) and checks. Each check has id, says, state (passed,
failed or unchecked), trace_id and, if it failed, hints and a finding: request,
expected, instead, cause and traces. A trace has trace_id and spans; a span's mark
says what is wrong with it. IDs are strings of decimal digits.`,
		Example: `  workshop check 2
  workshop check 2 --dir step01 --hints 2
  workshop check 4 --exercise
  workshop check all`,
		Args:      o.parseSteps,
		ValidArgs: append(stepNumbers(), "all"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			out := terminal.New(os.Stdout)
			if o.machine {
				out = terminal.New(os.Stderr)
			}
			return checkSteps(cmd.Context(), out, o)
		},
	}
	cmd.Flags().StringVar(&o.dir, "dir", "", "directory of the code to check, such as step02 for the original")
	cmd.Flags().BoolVar(&o.exercise, "exercise", false, "check the step's exercise")
	cmd.Flags().IntVar(&o.hints, "hints", 1, "hints to show for each failed check, 0 to 3; the third is the code")
	cmd.Flags().BoolVar(&o.logs, "logs", false, "show the log lines of the services")
	cmd.Flags().BoolVar(&o.machine, "json", false, "print the result as one JSON object")
	return cmd
}

// parseSteps reads a step's number, or all, as the command's only argument.
func (o *checkOptions) parseSteps(cmd *cobra.Command, args []string) error {
	if len(args) == 1 && args[0] == "all" {
		for step := range runner.Steps {
			o.steps = append(o.steps, step+1)
		}
	} else {
		var step stepNumber
		if err := oneStep(&step)(cmd, args); err != nil {
			return err
		}
		o.steps = []int{int(step)}
	}
	if o.dir != "" && len(o.steps) > 1 {
		return errors.New("--dir works for one step only: replace all with its number")
	}
	if o.exercise && len(o.steps) > 1 {
		return errors.New("--exercise works for one step only: replace all with its number")
	}
	if o.exercise && lesson.Exercise(o.steps[0]) == nil {
		return fmt.Errorf("step %d has no exercise to check: only step 4 has one", o.steps[0])
	}
	if o.hints < 0 || o.hints > 3 {
		return fmt.Errorf("--hints %d is out of range: use 0 to 3", o.hints)
	}
	return nil
}

// checkSteps checks one step after the other.
func checkSteps(ctx context.Context, out *terminal.Terminal, o checkOptions) error {
	root, err := runner.FindRoot(".")
	if err != nil {
		return cannotRun{err}
	}
	out.Printf("%s", ignored(out, root))
	outcome := checkedJSON{Complete: true, Steps: []stepJSON{}}
	var failed error
	for _, step := range o.steps {
		target, err := targetOf(root, cmp.Or(o.dir, copyOf(root, step)), step)
		if err != nil {
			return cannotRun{err}
		}
		c := &checker{out: out, root: root, target: target, exercise: o.exercise, hints: o.hints, logs: o.logs,
			quiet: o.machine, several: len(o.steps) > 1}
		report, err := c.check(ctx)
		if ctx.Err() != nil {
			return stopped(ctx, err)
		}
		outcome.add(target, report, err, o)
		if err != nil && !o.machine {
			return err
		}
		if err == nil && !report.Complete() {
			err = errFailed
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

// A checker checks one target and shows the results as they come.
type checker struct {
	out      *terminal.Terminal
	root     string
	target   runner.Target
	exercise bool
	hints    int
	logs     bool
	quiet    bool // shows only the progress of the build
	several  bool // another step may follow

	ticked map[string]bool // IDs of the passed checks shown so far
}

// check runs the checks. It returns an error if the code could not run.
func (c *checker) check(ctx context.Context) (check.Report, error) {
	c.ticked = map[string]bool{}
	title := fmt.Sprintf("Step %d: %s", c.target.Step, lesson.Title(c.target.Step))
	if c.exercise {
		title += ", exercise"
	}
	c.say("%s   %s\n", c.out.Bold(title), c.code())
	report, err := check.Run(ctx, check.Options{
		Root: c.root, Target: c.target, Exercise: c.exercise,
		Building: (&building{out: c.out}).tell, Log: c.log, Answered: c.answered, Judged: c.tick,
	})
	c.out.EndProgress()
	if err != nil {
		if _, uncompiled := errors.AsType[*runner.CompileError](err); uncompiled || ctx.Err() != nil {
			return report, err
		}
		return report, cannotRun{fmt.Errorf("could not check %s: %w", c.code(), err)}
	}
	if !c.quiet {
		c.conclude(report)
	}
	if report.Complete() && !c.exercise {
		reached := workspace.Reached{Step: c.target.Step,
			Dir: cmp.Or(c.target.Dir, filepath.Join(c.root, runner.StepName(c.target.Step))), At: time.Now()}
		if err := workspace.Reach(c.root, reached); err != nil {
			c.say("%s\n", c.out.Paragraph("", err.Error()+"."))
		}
	}
	return report, nil
}

// code names the checked code: its directory, or the original step.
func (c *checker) code() string {
	if c.target.Dir == "" {
		return "the original " + c.target.Name()
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
