package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"thinker/shared/apm/agent"
	"thinker/shared/workshop/runner"
	"thinker/shared/workshop/site"
	"thinker/shared/workshop/terminal"
)

// upOptions are what the command's flags say.
type upOptions struct {
	step     stepNumber
	dir      string // empty: the original step
	host     string
	ports    runner.Ports
	db       string
	inMemory bool
}

func upCommand() *cobra.Command {
	o := upOptions{step: 1}
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Start a step, rebuild it on every save, and show its traces",
		Long: `Start a step, rebuild it on every save, and show its traces.

It builds the step's two services, then starts a local agent and the services.
Step 5 also gets a Redis; set REDIS_ADDR to use your own. Ctrl-C stops everything.
Traces are stored, so you can compare one step's traces with another's.

When you save a file, the new version replaces the old one as soon as it is
healthy. If your code doesn't compile or start, the terminal shows the error and
the previous version keeps running. Single keys are commands: press ? for the
list. If the output isn't a terminal, the command exits when no version is left
running.`,
		Example: `  workshop up --step 1
  workshop up --dir .workshop/try02
  workshop up --step 5 --api-port 5050
  REDIS_ADDR=localhost:6379 workshop up --step 5`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.inMemory && cmd.Flags().Changed("db") {
				return cannotRun{errors.New("--db and --memory can't be used together")}
			}
			if o.inMemory {
				o.db = ""
			}
			if !cmd.Flags().Changed("step") && o.dir != "" {
				o.step = 0 // it comes from the directory's name
			}
			return up(cmd.Context(), terminal.New(os.Stdout), o)
		},
	}
	cmd.Flags().Var(&o.step, "step", fmt.Sprintf("the step to start, 1 to %d", runner.Steps))
	cmd.Flags().StringVar(&o.dir, "dir", "", "directory of your own copy, such as .workshop/try02")
	cmd.Flags().StringVar(&o.host, "host", cmp.Or(os.Getenv("LISTEN_HOST"), "localhost"),
		"address to listen on; 0.0.0.0 means every network, for containers (LISTEN_HOST)")
	cmd.Flags().IntVar(&o.ports.API, "api-port", portFrom("API_PORT", 5000), "port of thinker-api (API_PORT)")
	cmd.Flags().IntVar(&o.ports.Thinker, "thinker-port", portFrom("THINKER_PORT", 5001),
		"port of thinker-microservice (THINKER_PORT)")
	cmd.Flags().IntVar(&o.ports.Agent, "agent-port", portFrom("AGENT_PORT", 8126),
		"port of the agent and its pages (AGENT_PORT)")
	cmd.Flags().StringVar(&o.db, "db", filepath.Join(runner.DataDir(""), "traces"),
		"directory to store traces in, relative to the workshop's directory")
	cmd.Flags().BoolVar(&o.inMemory, "memory", false, "store traces in memory, until the command ends")
	completeSteps(cmd)
	return cmd
}

// A stepNumber is a flag that takes the number of a step.
type stepNumber int

func (n *stepNumber) Set(value string) error {
	step, err := strconv.Atoi(value)
	if err != nil || step < 1 || step > runner.Steps {
		return fmt.Errorf("use a number from 1 to %d", runner.Steps)
	}
	*n = stepNumber(step)
	return nil
}

func (n *stepNumber) String() string { return strconv.Itoa(int(*n)) }
func (n *stepNumber) Type() string   { return "number" }

func up(ctx context.Context, out *terminal.Terminal, o upOptions) error {
	root, err := runner.FindRoot(".")
	if err != nil {
		return cannotRun{err}
	}
	target, err := targetOf(root, o.dir, int(o.step))
	if err != nil {
		return cannotRun{err}
	}
	if err := checkPorts(o.ports); err != nil {
		return cannotRun{err}
	}
	if o.db != "" && !filepath.IsAbs(o.db) {
		o.db = filepath.Join(root, o.db)
	}

	s := newScreen(out, root, target)
	s.title(target)
	out.Printf("%s", ignored(out, root))
	workshop, err := runner.Open(ctx, runner.Options{
		Root: root, Target: target, Ports: o.ports, RedisAddr: os.Getenv("REDIS_ADDR"), DB: o.db,
		Host: o.host, AllowHosts: strings.FieldsFunc(os.Getenv("AGENT_HOSTS"), func(r rune) bool { return r == ',' }),
		Building: s.building.tell, Log: out.Log, Guests: site.Guests(root, o.ports),
	})
	if err != nil {
		if foreign, is := errors.AsType[agent.ForeignError](err); is {
			err = fmt.Errorf("%w. To store traces elsewhere: --db DIR, or --memory", foreign)
		} else if taken := checkPorts(o.ports); taken != nil {
			err = taken // since the first look
		}
		return cannotRun{err}
	}
	return s.show(ctx, workshop)
}

// ignored names the settings of this environment that the services don't get, or the
// go command that builds them. It is empty if there are none.
func ignored(out *terminal.Terminal, root string) string {
	var text string
	if variables := runner.IgnoredVariables(); len(variables) > 0 {
		text += out.Paragraph("", "Ignoring these variables, which could hide or change traces: "+
			strings.Join(variables, ", "))
	}
	var settings []string
	for _, set := range runner.GoSettings(root) {
		settings = append(settings, set.String())
	}
	if len(settings) > 0 {
		text += out.Paragraph("", "Ignoring these Go settings, which could break the build: "+strings.Join(settings, ", "))
	}
	if missing := runner.MissingGoCaches(); len(missing) > 0 {
		text += out.Paragraph("", fmt.Sprintf("Go has no directory for %s, so builds use one in %s.",
			strings.Join(missing, " and "), fromHere(runner.DataDir(root))))
	}
	return text
}
