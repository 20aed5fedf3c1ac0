// Command apm is a local stand-in for the Datadog Agent: it takes in what
// Datadog tracers send and shows the traces at http://localhost:8126.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"thinker/shared/apm/agent"
	"thinker/shared/apm/store"
)

const usage = `apm takes in what Datadog tracers send and shows the traces in a browser.

Usage:
  apm [flags]
  apm search [flags] 'QUERY'              find traces; see apm search --help
  apm run [--keep] -- COMMAND ARG…        run a command and print its traces; see apm run --help
  apm load [flags]                        put an apm under load; see apm load --help
  apm export [flags] TRACE > FILE         write a trace as JSON; see apm export --help
  apm import [flags] FILE…                bring such traces back; see apm import --help
  apm clear [flags]                       drop every trace; see apm clear --help

Examples:
  apm                                     traces on http://localhost:8126
  apm --memory --addr localhost:9126      on another port, and nothing is written
  apm --addr :8126 --allow-host agent     in a container that is called agent
  apm --socket /var/run/datadog/apm.socket    also where tracers look for a socket
  apm --healthcheck                       exits 0 if the apm at --addr answers, else 1

Point a service at it with DD_TRACE_AGENT_URL=http://localhost:8126.

Flags:
  --addr host:port    where to listen (default localhost:8126, or APM_ADDR)
  --socket path       also listen on this unix socket, where DD_TRACE_AGENT_URL=unix://path sends
                      to. It takes spans in; pages, API and apm's commands use --addr
  --db file           keep traces in this file, over restarts (default %s, or APM_DB)
  --memory            keep traces in memory, until apm ends
  --max-spans n       how many spans to keep (default %d); the oldest traces go first
  --max-bytes n       how much to write for them, as in 512MiB (default %s; in memory %s)
  --allow-host name   also show the pages under this name; repeat it, or separate names by commas
  --try command       show this command on the page while there is no trace
  --healthcheck       ask the apm at --addr whether it is up, and exit
  --help              this text

Limits: metrics (DogStatsD over UDP port 8125) are not served.
`

func main() {
	ctx, stop := context.Background(), func() {}
	if len(os.Args) < 2 || os.Args[1] != "run" { // which leaves signals to its command
		ctx, stop = signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	}
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	var (
		wrong     usageError
		unstarted startError
		code      exitCode
	)
	switch {
	case errors.As(err, &code):
		os.Exit(int(code))
	case errors.As(err, &unstarted):
		fmt.Fprintf(os.Stderr, "apm: %v\n", err)
		os.Exit(unstarted.code)
	case errors.As(err, &wrong):
		fmt.Fprintf(os.Stderr, "apm: %v (see %s --help)\n", err, wrong.command)
		os.Exit(2)
	case err != nil:
		fmt.Fprintf(os.Stderr, "apm: %v\n", err)
		os.Exit(1)
	}
}

// A usageError is a mistake on the command line or in the environment.
type usageError struct {
	error
	command string // whose help explains it
}

type options struct {
	config      agent.Config
	healthcheck bool
}

// run does what the command line asks for, until ctx is done.
func run(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	if len(args) > 0 {
		switch args[0] {
		case "help":
			args = []string{"--help"}
		case "search":
			return runSearch(ctx, args[1:], env, stdout, stderr)
		case "run":
			return runRun(ctx, args[1:], stdout, stderr)
		case "load":
			return runLoad(ctx, args[1:], env, stdout, stderr)
		case "export":
			return runExport(ctx, args[1:], env, stdout)
		case "import":
			return runImport(ctx, args[1:], env, os.Stdin, stdout, stderr)
		case "clear":
			var asked io.Reader
			if terminal(os.Stdin) {
				asked = os.Stdin
			}
			return runClear(ctx, args[1:], env, asked, stdout, stderr)
		}
	}
	return serve(ctx, args, env, stdout, stderr)
}

// serve takes traces in and shows them.
func serve(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	opts, err := parse(args, env)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(stdout, usage, defaultDB, store.DefaultMaxSpans, formatBytes(store.DefaultMaxBytes), formatBytes(store.MemoryMaxBytes))
		return nil
	}
	if err != nil {
		return usageError{err, "apm"}
	}
	if opts.healthcheck {
		return healthcheck(ctx, opts.config.Addr)
	}

	boundMemory(env)
	opts.config.Logger = slog.New(slog.NewTextHandler(stderr, nil))
	if err := ignored(opts.config.DB); err != nil {
		return err
	}
	a, err := agent.Start(opts.config)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w; is another Agent running? --addr localhost:%d moves this one", err, otherPort(opts.config.Addr))
	}
	var foreign store.ForeignError
	if errors.As(err, &foreign) || errors.Is(err, store.ErrUnopened) {
		return fmt.Errorf("%w; --db FILE keeps traces elsewhere, --memory nowhere", err)
	}
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	where := a.URL()
	if opts.config.Socket != "" {
		where += " and unix://" + absolute(opts.config.Socket) // as a tracer wants it
	}
	fmt.Fprintf(stdout, "apm listens on %s; start a traced service with DD_TRACE_AGENT_URL=%s and open that address in a browser\n%s\n", where, a.URL(), keeps(a, opts.config.DB))

	<-ctx.Done()
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return a.Close(drain)
}

// parse reads flags and environment.
func parse(args []string, env func(string) string) (options, error) {
	opts := options{config: agent.Config{Addr: cmp.Or(env("APM_ADDR"), agent.DefaultAddr)}}
	flags := flag.NewFlagSet("apm", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // main prints the one line that matters
	flags.StringVar(&opts.config.Addr, "addr", opts.config.Addr, "")
	flags.StringVar(&opts.config.Socket, "socket", "", "")
	memory := false
	flags.StringVar(&opts.config.DB, "db", cmp.Or(env("APM_DB"), defaultDB), "")
	flags.BoolVar(&memory, "memory", false, "")
	flags.IntVar(&opts.config.MaxSpans, "max-spans", store.DefaultMaxSpans, "")
	flags.Func("max-bytes", "", func(text string) (err error) {
		opts.config.MaxBytes, err = parseBytes(text)
		return err
	})
	flags.StringVar(&opts.config.Try, "try", "", "")
	flags.BoolVar(&opts.healthcheck, "healthcheck", false, "")
	flags.Func("allow-host", "", func(names string) error {
		for name := range strings.SplitSeq(names, ",") {
			if name = strings.TrimSpace(name); name == "" {
				return errors.New("a name is empty")
			}
			opts.config.AllowHosts = append(opts.config.AllowHosts, name)
		}
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	if flags.NArg() > 0 {
		return options{}, fmt.Errorf("there is no command %q: it is search, run, load, export, import or clear", flags.Arg(0))
	}
	if opts.config.MaxSpans < 1 {
		return options{}, fmt.Errorf("--max-spans %d: want at least 1", opts.config.MaxSpans)
	}
	if given := isSet(flags, "db"); memory && given {
		return options{}, errors.New("--db and --memory exclude each other")
	} else if given && opts.config.DB == "" {
		return options{}, errors.New("--db: want the path of a file, or --memory")
	}
	if memory {
		opts.config.DB = ""
	}
	if _, _, err := net.SplitHostPort(opts.config.Addr); err != nil {
		return options{}, fmt.Errorf("--addr %q: want host:port or :port", opts.config.Addr)
	}
	return opts, nil
}

// healthcheck asks the agent at addr whether it is up: for container images
// that have no curl.
func healthcheck(ctx context.Context, addr string) error {
	base, err := agentURL(addr)
	if err != nil {
		return fmt.Errorf("health check of %s: %w", addr, err)
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/healthz", nil)
	if err != nil {
		return fmt.Errorf("health check of %s: %w", addr, err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("health check of %s: %w", addr, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("health check of %s: status %s", addr, response.Status)
	}
	return nil
}

// agentURL is where a client finds the agent that listens at addr.
func agentURL(addr string) (string, error) {
	host, port, err := net.SplitHostPort(strings.TrimSuffix(strings.TrimPrefix(addr, "http://"), "/"))
	if err != nil {
		return "", err
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port), nil
}

// unreached says what to do where nothing listens.
func unreached(err error) error {
	var refused *net.OpError
	if errors.As(err, &refused) && refused.Op == "dial" {
		return errors.New("nothing answers there; start apm, or say with --addr where it listens")
	}
	return err
}
