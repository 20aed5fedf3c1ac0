package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"thinker/shared/apm"
	"thinker/shared/apm/store"
	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/runner"
	"thinker/shared/workshop/terminal"
)

// settling is how long a trace must have been quiet before it is printed: its
// services report their spans apart, each on its own time.
const settling = 400 * time.Millisecond

func upCommand() *cobra.Command {
	step := stepNumber(1)
	var ports runner.Ports
	var db string
	var memory bool
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Start a step and show each request's trace as it arrives",
		Long: `Start a step and show each request's trace as it arrives.

It builds the step's two services from the working tree, starts a local agent
that takes in their spans, a Redis where the step needs one (or set REDIS_ADDR
to use yours), the thinker and then the api. Ctrl-C stops everything. The traces
are kept, so that those of one step can be compared with another's.`,
		Example: `  go run ./shared/workshop/cmd/workshop up --step 1
  go run ./shared/workshop/cmd/workshop up --step 5 --api-port 5050
  REDIS_ADDR=localhost:6379 go run ./shared/workshop/cmd/workshop up --step 5`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if memory {
				db = ""
			}
			return up(cmd.Context(), terminal.New(os.Stdout), int(step), ports, db)
		},
	}
	cmd.Flags().Var(&step, "step", fmt.Sprintf("the step to start, 1 to %d", runner.Steps))
	cmd.Flags().IntVar(&ports.API, "api-port", 5000, "where thinker-api listens")
	cmd.Flags().IntVar(&ports.Thinker, "thinker-port", 5001, "where thinker-microservice listens")
	cmd.Flags().IntVar(&ports.Agent, "agent-port", 8126, "where the agent takes in spans and shows traces")
	cmd.Flags().StringVar(&db, "db", filepath.Join(".workshop", "traces.db"), "the file that traces are kept in, from the workshop's directory")
	cmd.Flags().BoolVar(&memory, "memory", false, "keep traces in memory, until this ends")
	cmd.MarkFlagsMutuallyExclusive("db", "memory")
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

func up(ctx context.Context, out *terminal.Terminal, step int, ports runner.Ports, db string) error {
	root, err := runner.FindRoot(".")
	if err != nil {
		return cannotRun{err}
	}
	if err := checkPorts(ports); err != nil {
		return cannotRun{err}
	}
	if db != "" && !filepath.IsAbs(db) {
		db = filepath.Join(root, db)
	}

	out.Printf("%s\n", out.Bold(fmt.Sprintf("Step %d: %s", step, lesson.Title(step))))
	began := time.Now()
	built := 0
	running, err := runner.Up(ctx, runner.Options{
		Root: root, Target: runner.Target{Step: step}, Ports: ports, RedisAddr: os.Getenv("REDIS_ADDR"), DB: db,
		Building: func(doing string) {
			if built++; built == 20 {
				out.Printf("building: the first time this takes a minute or two, later a second\n")
			}
			out.Progress("%d: %s", built, doing)
		},
		Log: out.Log,
	})
	if err != nil {
		out.Printf("") // in the place of the last progress
		var foreign store.ForeignError
		if errors.As(err, &foreign) {
			return cannotRun{fmt.Errorf("%w; --db FILE keeps traces elsewhere, --memory nowhere", foreign)}
		}
		if ctx.Err() != nil {
			return errors.New("stopped before the step was up")
		} else if taken := checkPorts(ports); taken != nil {
			return cannotRun{taken} // by someone who came while the step was built
		}
		return err
	}
	watching, unwatch := context.WithCancel(context.WithoutCancel(ctx))
	defer unwatch()
	changes := running.Agent.Store().Subscribe(watching)
	out.Printf(`healthy after %.1f s

  api      http://localhost:%d
  thinker  http://localhost:%d
  traces   %s

Try this in another terminal; its trace appears here and on the page:

  %s

Ctrl-C stops everything.
`, time.Since(began).Seconds(), ports.API, ports.Thinker, running.Agent.URL(), runner.Try(ports.API))

	stopping, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		showTraces(changes, stopping, out, running)
	}()

	var died error
	select {
	case <-ctx.Done():
		out.Printf("\nstopping …\n")
	case <-running.API.Ended():
		died = running.API.Failure()
	case <-running.Thinker.Ended():
		died = running.Thinker.Failure()
	}
	ended := running.StopServices()
	close(stopping)
	<-stopped
	if err := running.Stop(); died == nil {
		died = errors.Join(ended, err)
	}
	return died
}

// showTraces prints each trace that changes when it has settled, and once more if
// more of it arrives later. When stopping is closed it prints those that wait, and
// returns.
func showTraces(changes <-chan uint64, stopping <-chan struct{}, out *terminal.Terminal, running *runner.Running) {
	traces := running.Agent.Store()
	quietSince := map[uint64]time.Time{}
	show := func(quiet time.Duration) {
		var settled []apm.Trace
		for id, since := range quietSince {
			if time.Since(since) < quiet {
				continue
			}
			delete(quietSince, id)
			if trace, ok, _ := traces.Trace(context.Background(), id); ok {
				settled = append(settled, trace)
			}
		}
		slices.SortFunc(settled, func(a, b apm.Trace) int { return cmp.Compare(a.Start(), b.Start()) })
		for _, trace := range settled {
			out.Trace(trace, fmt.Sprintf("%s/trace/%d", running.Agent.URL(), trace.ID), running.Agent.Palette())
		}
	}
	var last <-chan time.Time
	tick := time.NewTicker(settling / 8)
	defer tick.Stop()
	for {
		select {
		case id := <-changes:
			quietSince[id] = time.Now()
		case <-tick.C:
			show(settling)
		case <-stopping:
			stopping = nil
			last = time.After(settling / 4) // for notices still under way
		case <-last:
			show(0)
			return
		}
	}
}

// checkPorts returns an error that names the first port that is taken, who asks
// for it, and the flag that moves it.
func checkPorts(ports runner.Ports) error {
	asker := map[int]string{}
	for _, p := range []struct {
		port      int
		who, flag string
	}{
		{ports.API, "thinker-api", "--api-port"},
		{ports.Thinker, "thinker-microservice", "--thinker-port"},
		{ports.Agent, "the agent", "--agent-port"},
	} {
		if other, double := asker[p.port]; double {
			return fmt.Errorf("%s and %s are both %d: give each its own port", other, p.flag, p.port)
		}
		asker[p.port] = p.flag
		if p.port < 1 || p.port > 65535 {
			return fmt.Errorf("%s %d is not a port: choose one of 1 to 65535", p.flag, p.port)
		}
		if !runner.Taken(p.port) {
			continue
		}
		free := p.port + 50
		if free > 65535 {
			free = p.port - 50
		}
		hint := ""
		switch {
		case p.port == 5000 && runtime.GOOS == "darwin":
			hint = " (on macOS it is AirPlay Receiver that holds 5000: System Settings, General, AirDrop & Handoff)"
		case p.port == 8126:
			hint = " (a Datadog Agent, or this workshop in another terminal, also uses 8126)"
		}
		return fmt.Errorf("%s asks for port %d, which another program holds%s: stop that one, or choose another port, such as %s %d",
			p.who, p.port, hint, p.flag, free)
	}
	return nil
}
