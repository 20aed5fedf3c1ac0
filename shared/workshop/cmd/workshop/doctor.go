package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"thinker/shared/workshop/doctor"
	"thinker/shared/workshop/runner"
	"thinker/shared/workshop/terminal"
)

func doctorCommand() *cobra.Command {
	var at addresses
	var unprobed, machine bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Find out why there is no trace",
		Long: `Find out why there is no trace. Check everything between your code and the page,
and say how to fix each problem.

It sends one request to see whether its trace arrives. To send none: --no-probe

  ✓  passed
  ✗  failed: what is wrong, and what to do
  –  not needed here, or not checked because an earlier point failed

Exit codes: 0 if nothing failed, 1 if a check failed.`,
		Example: `  workshop doctor
  workshop doctor --api-port 5050 --no-probe
  workshop doctor --json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			options, err := at.examination(cmd)
			if err != nil {
				return err
			}
			options.Probe = !unprobed
			out := terminal.New(os.Stdout)
			if !machine {
				options.Found = func(c doctor.Check) { show(out, c) }
			}
			checks := doctor.Examine(cmd.Context(), options)
			if cmd.Context().Err() != nil {
				return stopped(cmd.Context(), nil)
			} else if machine {
				return asJSON(checks)
			}
			return conclude(out, checks)
		},
	}
	at.flags(cmd)
	at.thinkerFlag(cmd)
	cmd.Flags().BoolVar(&unprobed, "no-probe", false, "don't send a request")
	cmd.Flags().BoolVar(&machine, "json", false, "print the results as one JSON object")
	return cmd
}

// examination returns where the doctor has to look.
func (a *addresses) examination(cmd *cobra.Command) (doctor.Options, error) {
	ask, err := a.client(cmd)
	if err != nil {
		return doctor.Options{}, err
	}
	options := doctor.Options{Client: ask, Up: workshopUp(), Env: os.Environ(),
		Contained: os.Getenv("WORKSHOP_COMMAND") != ""}
	if root, err := runner.FindRoot("."); err == nil {
		options.Root = root
	}
	if os.Getenv("API_URL") == "" || cmd.Flags().Changed("thinker-port") {
		options.Thinker, err = address(cmd, "thinker-port", a.thinkerPort, "")
	}
	return options, err
}

// show prints a check as an item of a list.
func show(out *terminal.Terminal, c doctor.Check) {
	switch c.State {
	case doctor.Passed:
		out.Item(terminal.Yes, c.Name, c.Says)
	case doctor.Failed:
		out.Item(terminal.No, c.Name, c.Says, "→ "+c.Next)
	default:
		out.Item(terminal.Neither, c.Name, c.Says)
	}
}

// missing explains why another command got no trace: it shows the first failed check.
func missing(ctx context.Context, out *terminal.Terminal, options doctor.Options, err error) error {
	out.EndProgress()
	if ctx.Err() != nil {
		return err
	}
	first, known := doctor.FirstFailed(doctor.Examine(ctx, options))
	if !known {
		return fmt.Errorf("%w. To look further: %s doctor", err, workshop())
	}
	out.Printf("%s\n", out.Paragraph("", fmt.Sprintf("✗ %v. The most likely reason:", err)))
	show(out, first)
	out.Printf("\nTo check everything: %s doctor\n", workshop())
	return errFailed
}

// conclude prints how many checks failed, and where to start.
func conclude(out *terminal.Terminal, checks []doctor.Check) error {
	first, found := doctor.FirstFailed(checks)
	if !found {
		out.Printf("\nNo problem found.\n")
		return nil
	}
	failed := 0
	for _, c := range checks {
		if c.State == doctor.Failed {
			failed++
		}
	}
	if failed == 1 {
		out.Printf("\n1 check failed: %s\n", first.Name)
	} else {
		out.Printf("\n%d checks failed. Start with the first, %s: it may have caused the others.\n", failed, first.Name)
	}
	return errFailed
}

func asJSON(checks []doctor.Check) error {
	_, failed := doctor.FirstFailed(checks)
	text, err := json.MarshalIndent(map[string]any{"passed": !failed, "checks": checks}, "", "  ")
	if err != nil {
		return fmt.Errorf("write the checks as JSON: %w", err)
	}
	fmt.Println(string(text))
	if failed {
		return errFailed
	}
	return nil
}
