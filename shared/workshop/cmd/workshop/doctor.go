package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"thinker/shared/apm"
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
		Long: `Find out why there is no trace: walk the chain from the code to the page link by
link, and say what to do about each that is broken.

It asks for one thought, so that there is a request to look for, which leaves a
trace like any other. --no-probe does without.

A ✓ is a link that holds, a ✗ one that is broken, a – one that does not matter
here, or could not be asked. It ends with 1 where one is broken.`,
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
				options.Found = func(link doctor.Link) { show(out, link) }
			}
			links := doctor.Examine(cmd.Context(), options)
			if cmd.Context().Err() != nil {
				return stopped(cmd.Context(), nil)
			} else if machine {
				return asJSON(links)
			}
			return conclude(out, links)
		},
	}
	at.flags(cmd)
	at.thinkerFlag(cmd)
	cmd.Flags().BoolVar(&unprobed, "no-probe", false, "send no request")
	cmd.Flags().BoolVar(&machine, "json", false, "for programs: all links as one JSON object")
	return cmd
}

// examination is where a doctor has to look.
func (a *addresses) examination(cmd *cobra.Command) (doctor.Options, error) {
	ask, err := a.client(cmd)
	if err != nil {
		return doctor.Options{}, err
	}
	options := doctor.Options{Client: ask, Up: workshopUp(), Env: os.Environ(), Contained: os.Getenv("WORKSHOP_COMMAND") != ""}
	if root, err := runner.FindRoot("."); err == nil {
		options.Root = root
	}
	if os.Getenv("API_URL") == "" || cmd.Flags().Changed("thinker-port") {
		options.Thinker, err = address(cmd, "thinker-port", a.thinkerPort, "")
	}
	return options, err
}

// show prints a link as an item of a list.
func show(out *terminal.Terminal, link doctor.Link) {
	switch link.State {
	case doctor.Holds:
		out.Item(terminal.Yes, link.Name, link.Says)
	case doctor.Broken:
		out.Item(terminal.No, link.Name, link.Says, "→ "+link.Next)
	default:
		out.Item(terminal.Neither, link.Name, link.Says)
	}
}

// missing says of another command, which got no further, which link is broken.
func missing(ctx context.Context, out *terminal.Terminal, options doctor.Options, err error) error {
	out.EndProgress()
	if ctx.Err() != nil {
		return err
	}
	first, known := doctor.FirstBroken(doctor.Examine(ctx, options))
	if !known {
		return fmt.Errorf("%w; '%s doctor' looks further", err, workshop())
	}
	out.Printf("%s\n", out.Paragraph("", fmt.Sprintf("Nothing to show: %v. The first link that is broken:", err)))
	show(out, first)
	out.Printf("\n'%s doctor' looks at every link.\n", workshop())
	return errNo
}

// conclude says where to begin.
func conclude(out *terminal.Terminal, links []doctor.Link) error {
	first, found := doctor.FirstBroken(links)
	if !found {
		out.Printf("\nNo link is broken.\n")
		return nil
	}
	broken := 0
	for _, link := range links {
		if link.State == doctor.Broken {
			broken++
		}
	}
	out.Printf("\n%s. Begin with the first, %s: those after it may come of it.\n", apm.FormatCount(broken, "link is broken", "links are broken"), first.Name)
	return errNo
}

func asJSON(links []doctor.Link) error {
	_, broken := doctor.FirstBroken(links)
	text, err := json.MarshalIndent(map[string]any{"well": !broken, "links": links}, "", "  ")
	if err != nil {
		return fmt.Errorf("write the links as JSON: %w", err)
	}
	fmt.Println(string(text))
	if broken {
		return errNo
	}
	return nil
}
