// Command apm is a local stand-in for the Datadog Agent: it receives traces from
// Datadog tracers and shows them at http://localhost:8126.
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
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"thinker/shared/apm/agent"
	"thinker/shared/apm/internal/store"
)

const usage = `apm receives traces from Datadog tracers and shows them in a browser.

Usage:
  apm [flags]                             receive traces and show them
  apm search [flags] 'QUERY'              find traces
  apm run [--keep] -- COMMAND ARG…        run a command and print its traces
  apm load [flags]                        send many spans and measure the result
  apm export [flags] TRACE > FILE         write a trace as JSON
  apm import [flags] FILE…                load traces written by apm export
  apm clear [flags]                       delete every trace

Each command has its own help, such as apm search --help.

Examples:
  apm                                     show traces at http://localhost:8126
  apm --memory --addr localhost:9126      use another port, write nothing to disk
  apm --addr :8126 --allow-host agent     in a container with the name agent
  apm --socket /var/run/datadog/apm.socket    also receive spans on a Unix socket
  apm --healthcheck                       exit with 0 if the apm at --addr responds, else with 1

To send a service's traces to it, set DD_TRACE_AGENT_URL=http://localhost:8126.

Flags:
  --addr host:port    address to listen on (default localhost:8126, or APM_ADDR)
  --socket path       also receive spans on this Unix socket, for DD_TRACE_AGENT_URL=unix://path.
                      The pages, the API and apm's commands use --addr
  --db file           store traces in this file (default %s, or APM_DB)
  --memory            store traces in memory, until apm stops
  --max-spans n       number of spans to store (default %d); the oldest traces are evicted first
  --max-bytes n       size of the store, such as 512MiB (default %s; in memory %s)
  --allow-host name   also serve the pages under this host name; repeat it, or separate names by commas
  --services names    services that get the first colours, in this order, separated by commas
  --try command       command to show on the page while there are no traces
  --healthcheck       check whether the apm at --addr responds, and exit
  --version           show the version of apm and of the Go that built it
  --help              show this help

Not supported: metrics (DogStatsD on UDP port 8125).
`

func main() {
	ctx, stop := context.Background(), func() {}
	if len(os.Args) < 2 || os.Args[1] != "run" { // which forwards signals to its command
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
		fmt.Fprintf(os.Stderr, "apm: %v. See %s --help\n", err, wrong.command)
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

// run runs the command line until ctx is done.
func run(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	if len(args) > 0 {
		switch args[0] {
		case "help":
			args = []string{"--help"}
		case "--version", "-version":
			fmt.Fprintln(stdout, version())
			return nil
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

// version returns apm's version, as Go recorded it when it built apm: (devel) for a
// checkout without a tag.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "apm (unknown version)"
	}
	return fmt.Sprintf("apm %s, built with %s", info.Main.Version, info.GoVersion)
}

// serve receives traces and shows them.
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
		return fmt.Errorf("%s is already in use, perhaps by another Agent. Stop it, or choose another port: --addr localhost:%d", opts.config.Addr, otherPort(opts.config.Addr))
	}
	var foreign store.ForeignError
	if errors.As(err, &foreign) || errors.Is(err, store.ErrUnopened) {
		return fmt.Errorf("%w. To store traces elsewhere: --db FILE, or --memory", err)
	}
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	where := a.URL()
	if opts.config.Socket != "" {
		where += " and unix://" + absolute(opts.config.Socket) // as tracers expect it
	}
	fmt.Fprintf(stdout, "apm is listening on %s\nTo send a service's traces here, set DD_TRACE_AGENT_URL=%s\n%s\n", where, a.URL(), stores(a, opts.config.DB))

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
	list := func(to *[]string) func(string) error {
		return func(names string) error {
			for name := range strings.SplitSeq(names, ",") {
				if name = strings.TrimSpace(name); name == "" {
					return errors.New("a name is empty")
				}
				*to = append(*to, name)
			}
			return nil
		}
	}
	flags.Func("allow-host", "", list(&opts.config.AllowHosts))
	flags.Func("services", "", list(&opts.config.Services))
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	if flags.NArg() > 0 {
		return options{}, fmt.Errorf("unknown command %q. Use search, run, load, export, import or clear", flags.Arg(0))
	}
	if opts.config.MaxSpans < 1 {
		return options{}, fmt.Errorf("--max-spans %d is out of range: use 1 or more", opts.config.MaxSpans)
	}
	if given := isSet(flags, "db"); memory && given {
		return options{}, errors.New("--db and --memory can't be used together")
	} else if given && opts.config.DB == "" {
		return options{}, errors.New("--db is empty. Use the path of a file, or --memory")
	}
	if memory {
		opts.config.DB = ""
	}
	if _, _, err := net.SplitHostPort(opts.config.Addr); err != nil {
		return options{}, fmt.Errorf("--addr %q is not an address. Use host:port or :port", opts.config.Addr)
	}
	return opts, nil
}

// healthcheck checks whether the agent at addr responds, for container images without
// curl.
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

// agentURL returns the URL of the agent at addr, for clients.
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

// unreached explains what to do if nothing is listening.
func unreached(err error) error {
	var refused *net.OpError
	if errors.As(err, &refused) && refused.Op == "dial" {
		return errors.New("nothing is listening there. Start apm, or give its address: --addr host:port")
	}
	return err
}
