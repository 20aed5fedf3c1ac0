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

	"thinker/shared/apm/store"
	"thinker/shared/workshop/runner"
	"thinker/shared/workshop/site"
	"thinker/shared/workshop/terminal"
)

// upOptions are what the command's flags say.
type upOptions struct {
	step     stepNumber
	dir      string // empty: the step's own
	host     string
	ports    runner.Ports
	db       string
	inMemory bool
}

func upCommand() *cobra.Command {
	o := upOptions{step: 1}
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Start a step, keep it up to date, and show each request's trace as it arrives",
		Long: `Start a step, keep it up to date, and show each request's trace as it arrives.

It builds the step's two services from the working tree, starts a local agent
that takes in their spans, a Redis where the step needs one (or set REDIS_ADDR
to use yours), the thinker and then the api. Ctrl-C stops everything. The traces
are kept, so that those of one step can be compared with another's.

When you save a file, the new code is built and takes the place of the old as
soon as it is healthy. Code that does not compile or start is reported, and the
old goes on answering. In a terminal single keys are commands: ? lists them.
Where the output is no terminal, it ends when nothing is left that answers.`,
		Example: `  workshop up --step 1
  workshop up --dir .workshop/try02
  workshop up --step 5 --api-port 5050
  REDIS_ADDR=localhost:6379 workshop up --step 5`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.inMemory {
				o.db = ""
			}
			if !cmd.Flags().Changed("step") && o.dir != "" {
				o.step = 0 // which is in the directory's name
			}
			return up(cmd.Context(), terminal.New(os.Stdout), o)
		},
	}
	cmd.Flags().Var(&o.step, "step", fmt.Sprintf("the step to start, 1 to %d", runner.Steps))
	cmd.Flags().StringVar(&o.dir, "dir", "", "start your own copy of a step in this directory, as workshop try makes one")
	cmd.Flags().StringVar(&o.host, "host", cmp.Or(os.Getenv("LISTEN_HOST"), "localhost"), "what to listen on; 0.0.0.0 is every network, for containers (LISTEN_HOST)")
	cmd.Flags().IntVar(&o.ports.API, "api-port", portFrom("API_PORT", 5000), "where thinker-api listens (API_PORT)")
	cmd.Flags().IntVar(&o.ports.Thinker, "thinker-port", portFrom("THINKER_PORT", 5001), "where thinker-microservice listens (THINKER_PORT)")
	cmd.Flags().IntVar(&o.ports.Agent, "agent-port", portFrom("AGENT_PORT", 8126), "where the agent takes in spans and shows traces (AGENT_PORT)")
	cmd.Flags().StringVar(&o.db, "db", filepath.Join(runner.DataDir(""), "traces.db"), "the file that traces are kept in, from the workshop's directory")
	cmd.Flags().BoolVar(&o.inMemory, "memory", false, "keep traces in memory, until this ends")
	cmd.MarkFlagsMutuallyExclusive("db", "memory")
	completeSteps(cmd)
	return cmd
}

// A stepNumber is a flag that takes the number of a step.
type stepNumber int

func (n *stepNumber) Set(value string) error {
	step, err := strconv.Atoi(value)
	if err != nil || step < 1 || step > runner.Steps {
		return fmt.Errorf("choose one of 1 to %d", runner.Steps)
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
		if foreign, is := errors.AsType[store.ForeignError](err); is {
			err = fmt.Errorf("%w; --db FILE keeps traces elsewhere, --memory nowhere", foreign)
		} else if taken := checkPorts(o.ports); taken != nil {
			err = taken // by someone who came just now
		}
		return cannotRun{err}
	}
	return s.show(ctx, workshop)
}

// ignored names what is set in this environment and does not reach the services,
// or the go command that builds them. It is empty where nothing is.
func ignored(out *terminal.Terminal, root string) string {
	var text string
	var variables, settings []string
	for _, v := range runner.Misleading() {
		if v.Effect(os.Getenv(v.Name)) != "" && os.Getenv(v.Name) != "" {
			variables = append(variables, v.Name)
		}
	}
	if len(variables) > 0 {
		text += out.Paragraph("", "The services start without "+strings.Join(variables, ", ")+", which would hide or change their traces.")
	}
	for _, set := range runner.GoSettings(root) {
		settings = append(settings, set.String())
	}
	if len(settings) > 0 {
		text += out.Paragraph("", "Builds ignore "+strings.Join(settings, ", ")+".")
	}
	if missing := runner.MissingGoCaches(); len(missing) > 0 {
		text += out.Paragraph("", fmt.Sprintf("go has no directory for %s: builds use one in %s.", strings.Join(missing, " and "), fromHere(runner.DataDir(root))))
	}
	return text
}
