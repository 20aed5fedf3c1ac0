package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"thinker/shared/apm/agent"
	"thinker/shared/apm/fetch"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/store"
)

// defaultDB is the directory that stores traces.
const defaultDB = ".workshop/traces"

// serveCommand returns apm itself, which receives traces and shows them.
func serveCommand() *cobra.Command {
	config := agent.Config{}
	var memory, check bool
	cmd := &cobra.Command{
		Use:   "apm",
		Short: "Receive traces from Datadog tracers and show them in a browser",
		Long: `apm receives traces from Datadog tracers and shows them in a browser.

To send a service's traces to it, set DD_TRACE_AGENT_URL=http://localhost:8126.

Not supported: metrics (DogStatsD on UDP port 8125).`,
		Example: `  apm                                     show traces at http://localhost:8126
  apm --memory --addr localhost:9126      use another port, write nothing to disk
  apm --addr :8126 --allow-host agent     in a container with the name agent
  apm --socket /var/run/datadog/apm.socket    also receive spans on a Unix socket
  apm --healthcheck                       exit with 0 if the apm at --addr responds, else with 1`,
		Version: version(),
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				err := fmt.Errorf("unknown command %q. Use search, run, load, export, import or clear", args[0])
				return usage(cmd, err)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkConfig(cmd, &config, memory); err != nil {
				return usage(cmd, err)
			}
			if check {
				return healthcheck(cmd, config.Addr)
			}
			return serve(cmd, config)
		},
	}
	cmd.SetVersionTemplate("{{.Version}}\n")
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&config.Addr, "addr", cmp.Or(os.Getenv("APM_ADDR"), agent.DefaultAddr),
		"address to listen on, `host:port` (APM_ADDR)")
	flags.StringVar(&config.Socket, "socket", "", "also receive spans on the Unix socket at this `path`, for "+
		"DD_TRACE_AGENT_URL=unix://path.\nThe pages, the API and apm's commands use --addr")
	flags.StringVar(&config.DB, "db", cmp.Or(os.Getenv("APM_DB"), defaultDB), "store traces in this `directory` (APM_DB)")
	flags.BoolVar(&memory, "memory", false, "store traces in memory, until apm stops")
	flags.IntVar(&config.MaxSpans, "max-spans", store.DefaultMaxSpans,
		"`number` of spans to store; the oldest traces are evicted first")
	flags.Func("max-bytes", fmt.Sprintf("`size` of the store, such as 512MiB (default %dGiB; in memory %dMiB)",
		store.DefaultMaxBytes>>30, store.MemoryMaxBytes>>20),
		func(text string) (err error) { config.MaxBytes, err = parseSize(text); return err })
	flags.StringSliceVar(&config.AllowHosts, "allow-host", nil,
		"also serve the pages under this host `name`; repeat it, or separate names by commas")
	flags.StringSliceVar(&config.Services, "services", nil,
		"services that get the first colours, in this order: `names` separated by commas")
	flags.StringVar(&config.Try, "try", "", "`command` to show on the page while there are no traces")
	flags.BoolVar(&check, "healthcheck", false, "check whether the apm at --addr responds, and exit")
	flags.Bool("version", false, "show the version of apm and of the Go that built it")
	return cmd
}

// checkConfig completes the settings from the flags, or returns what is wrong with them.
func checkConfig(cmd *cobra.Command, config *agent.Config, memory bool) error {
	for _, names := range [][]string{config.AllowHosts, config.Services} {
		for i := range names {
			if names[i] = strings.TrimSpace(names[i]); names[i] == "" {
				return errors.New("a name is empty")
			}
		}
	}
	given := cmd.Flags().Changed("db")
	switch {
	case config.MaxSpans < 1:
		return fmt.Errorf("--max-spans %d is out of range: use 1 or more", config.MaxSpans)
	case memory && given:
		return errors.New("--db and --memory can't be used together")
	case given && config.DB == "":
		return errors.New("--db is empty. Use the path of a directory, or --memory")
	}
	if memory {
		config.DB = ""
	}
	if _, _, err := net.SplitHostPort(config.Addr); err != nil {
		return fmt.Errorf("--addr %q is not an address. Use host:port or :port", config.Addr)
	}
	return nil
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

// serve receives traces and shows them, until the command's context is done.
func serve(cmd *cobra.Command, config agent.Config) error {
	limitMemory()
	config.Logger = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
	if err := makeDefaultDirectory(config.DB); err != nil {
		return err
	}
	a, err := agent.Start(config)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s is already in use, perhaps by another Agent. Stop it, or choose another port: "+
			"--addr localhost:%d", config.Addr, otherPort(config.Addr))
	}
	var foreign store.ForeignError
	if errors.As(err, &foreign) || errors.Is(err, store.ErrUnopened) {
		return fmt.Errorf("%w. To store traces elsewhere: --db DIR, or --memory", err)
	}
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	where := a.URL()
	if config.Socket != "" {
		where += " and unix://" + absolute(config.Socket) // as tracers expect it
	}
	fmt.Fprintf(cmd.OutOrStdout(), "apm is listening on %s\n"+
		"To send a service's traces here, set DD_TRACE_AGENT_URL=%s\n%s\n", where, a.URL(), storage(a, config.DB))

	<-cmd.Context().Done()
	drain, cancel := context.WithTimeout(context.WithoutCancel(cmd.Context()), 5*time.Second)
	defer cancel()
	return a.Close(drain)
}

// limitMemory makes the runtime collect garbage less often while there is little of it,
// and more often near the memory limit: apm runs beside other programs. Go's own
// variables take precedence.
func limitMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(300)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(180 << 20)
	}
}

// makeDefaultDirectory makes git ignore the default directory if apm creates it: it may
// be inside a repository.
func makeDefaultDirectory(db string) error {
	directory := filepath.Dir(defaultDB)
	if filepath.Clean(db) != filepath.Clean(defaultDB) {
		return nil
	}
	if err := os.Mkdir(directory, 0o700); errors.Is(err, fs.ErrExist) {
		return nil
	} else if err != nil {
		return fmt.Errorf("could not create %s: %w. To store traces elsewhere: --db DIR, or --memory", db, err)
	}
	if err := os.WriteFile(filepath.Join(directory, ".gitignore"), []byte("*\n"), 0o600); err != nil {
		return fmt.Errorf("make git ignore %s: %w", directory, err)
	}
	return nil
}

// storage returns a line about where traces are stored, and how many there are already.
func storage(a *agent.Agent, db string) string {
	if db == "" {
		return "Traces are stored in memory, until apm stops"
	}
	text := "Traces are stored in " + absolute(db)
	if n := a.Store().Retention().Traces; n > 0 {
		text += " (" + format.Count(n, "trace", "traces") + ")"
	}
	return text
}

func absolute(path string) string {
	if whole, err := filepath.Abs(path); err == nil {
		return whole
	}
	return path
}

// otherPort returns a port to try if the one of addr is in use.
func otherPort(addr string) int {
	if strings.HasSuffix(addr, ":9126") {
		return 9127
	}
	return 9126
}

// healthcheck checks whether the agent at addr responds, for container images without
// curl.
func healthcheck(cmd *cobra.Command, addr string) error {
	agent, err := remoteAt(cmd, addr)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), 3*time.Second)
	defer cancel()
	response, err := fetch.Get(ctx, agent.URL+"/healthz", nil)
	if err == nil && response.Status != http.StatusOK {
		err = fmt.Errorf("it responded with status %d", response.Status)
	}
	if err != nil {
		return fmt.Errorf("health check of %s: %w", addr, explain(err))
	}
	return nil
}

// parseSize parses a number of bytes such as 512MiB.
func parseSize(text string) (int, error) {
	digits, factor := text, 1
	for i, unit := range []string{"KiB", "MiB", "GiB"} {
		if number, ok := strings.CutSuffix(text, unit); ok {
			digits, factor = number, 1<<(10*(i+1))
		}
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n < 1 || n > math.MaxInt/factor || n*factor < 1<<20 {
		return 0, errors.New("use a size of 1MiB or more, such as 512MiB or 2GiB")
	}
	return n * factor, nil
}
