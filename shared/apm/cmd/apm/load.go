package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"thinker/shared/apm/agent"
	"thinker/shared/apm/format"
	"thinker/shared/apm/tracegen"
)

const loadUsage = `apm load sends traces of %d spans each to a running apm. It reports how many spans
the apm received, how fast, and whether any acknowledged span is missing.

Usage:
  apm load [flags]

Examples:
  apm load                                     as fast as the apm accepts, for 10 s
  apm load --rate 50000 --for 1m               a steady load
  apm load --spans 1000000 --spread 4h         fill the store with traces to search
  apm load --attributes 200 --unique           many attributes, and a unique one
  apm load --for 30s --json | jq .missing      in a script

It stops after --for or --spans, whichever comes first, or on Ctrl-C.

Flags:
  --addr host:port    address of the running apm (default localhost:8126, or APM_ADDR)
  --for duration      time to send, such as 30s (default 10s, unless --spans is given)
  --spans n           number of spans to send
  --rate n            spans per second (default 0: as fast as the agent accepts);
                      catches up after a pause
  --connections n     number of parallel connections (default %d)
  --payload n         spans per payload, a multiple of %[1]d (default %[3]d; fewer at a low rate)
  --attributes n      give each span some of n different attributes, app.attribute_000 and so on
  --unique            give each span a unique request.id
  --spread duration   spread the start times over this long until now (default 0: all are new)
  --json              print the result as JSON, with durations in nanoseconds
  --help              show this help

Exit codes: 0 if every acknowledged span was received, 1 if one is missing or the
apm doesn't respond.
`

type loadOptions struct {
	addr   string
	config tracegen.LoadConfig
	json   bool
}

// runLoad sends spans and prints how many were received.
func runLoad(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	opts, err := parseLoad(args, env)
	if errors.Is(err, flag.ErrHelp) {
		_, err = fmt.Fprintf(stdout, loadUsage, tracegen.SpansPerTrace, tracegen.DefaultConnections, tracegen.DefaultPayload)
		return err
	}
	if err != nil {
		return usageError{err, "apm load"}
	}
	if terminal(stderr) {
		opts.config.Progress = progress(stderr)
	}
	result, err := tracegen.Load(ctx, opts.config)
	if result.Sent > 0 || err == nil {
		print := printResult
		if opts.json {
			print = printResultJSON
		}
		if err := print(stdout, result); err != nil {
			return fmt.Errorf("print the result: %w", err)
		}
	}
	if err != nil {
		return fmt.Errorf("load the apm at %s: %w", opts.addr, unreached(err))
	}
	if missing := result.Missing(); missing > 0 {
		return fmt.Errorf("load the apm at %s: it acknowledged %s that it did not store", opts.addr, format.Count(missing, "span", "spans"))
	}
	return nil
}

func parseLoad(args []string, env func(string) string) (loadOptions, error) {
	opts := loadOptions{addr: cmp.Or(env("APM_ADDR"), agent.DefaultAddr)}
	c := &opts.config
	flags := flag.NewFlagSet("apm load", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // main prints the one line that matters
	flags.StringVar(&opts.addr, "addr", opts.addr, "")
	flags.DurationVar(&c.For, "for", 0, "")
	flags.IntVar(&c.Spans, "spans", 0, "")
	flags.IntVar(&c.Rate, "rate", 0, "")
	flags.IntVar(&c.Connections, "connections", tracegen.DefaultConnections, "")
	flags.IntVar(&c.Payload, "payload", tracegen.DefaultPayload, "")
	flags.IntVar(&c.Attributes, "attributes", 0, "")
	flags.BoolVar(&c.Unique, "unique", false, "")
	flags.DurationVar(&c.Spread, "spread", 0, "")
	flags.BoolVar(&opts.json, "json", false, "")
	if err := flags.Parse(args); err != nil {
		return opts, err
	}
	if flags.NArg() > 0 {
		return opts, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if !given["for"] && !given["spans"] {
		c.For = 10 * time.Second
	}
	// In a Config, 0 means the default. On the command line, it is a mistake.
	for name, value := range map[string]int64{"for": int64(c.For), "spans": int64(c.Spans), "connections": int64(c.Connections), "payload": int64(c.Payload)} {
		if given[name] && value < 1 {
			return opts, fmt.Errorf("--%s %s is out of range: use more than 0", name, flags.Lookup(name).Value)
		}
	}
	var err error
	if c.URL, err = agentURL(opts.addr); err != nil {
		return opts, fmt.Errorf("--addr %q is not an address. Use host:port or :port", opts.addr)
	}
	return opts, c.Check()
}

// progress returns a function that prints a line about the state of a load.
func progress(w io.Writer) func(tracegen.LoadResult) {
	var last tracegen.LoadResult
	return func(r tracegen.LoadResult) {
		perSecond := float64(r.Sent-last.Sent) / (r.Took - last.Took).Seconds()
		fmt.Fprintf(w, "%s  %s sent  %s spans/s\n", format.Duration(r.Took.Round(time.Second)), format.Count(r.Sent, "span", "spans"), format.Number(int(perSecond)))
		last = r
	}
}

// terminal reports whether a file is a terminal.
func terminal(of any) bool {
	file, ok := of.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func printResult(w io.Writer, r tracegen.LoadResult) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "sent\t%s in %s\n", format.Count(r.Sent, "span", "spans"), format.Duration(r.Took))
	fmt.Fprintf(table, "acknowledged\t%s, %s spans/s\n", format.Number(r.Acknowledged), format.Number(int(math.Round(r.PerSecond()))))
	if r.BestSecond > 0 {
		fmt.Fprintf(table, "per second\t%s to %s spans\n", format.Number(r.WorstSecond), format.Number(r.BestSecond))
	}
	for _, status := range slices.Sorted(maps.Keys(r.Refused)) {
		fmt.Fprintf(table, "refused\t%s with status %d\n", format.Number(r.Refused[status]), status)
	}
	if r.Unanswered > 0 {
		fmt.Fprintf(table, "no response\t%s\n", format.Number(r.Unanswered))
	}
	fmt.Fprintf(table, "latency\tp50 %s, p99 %s, max %s per payload\n", format.Duration(r.LatencyP50), format.Duration(r.LatencyP99), format.Duration(r.LatencyMax))
	if r.Compared {
		fmt.Fprintf(table, "received\t%s by the agent's count, %s missing\n", format.Number(max(0, r.Received)), format.Number(r.Missing()))
	}
	for _, reason := range slices.Sorted(maps.Keys(r.Losses)) {
		fmt.Fprintf(table, "lost\t%s × %s\n", format.Number(r.Losses[reason]), strings.TrimSpace(format.Printable(reason, 80)))
	}
	return table.Flush()
}

// A loadAnswer is the output of --json.
type loadAnswer struct {
	Sent           int            `json:"sent"`
	Acknowledged   int            `json:"acknowledged"`
	Refused        map[int]int    `json:"refused"` // spans, by HTTP status
	Unanswered     int            `json:"unanswered"`
	TakenIn        *int           `json:"taken_in"` // null if the agent didn't report it
	Missing        *int           `json:"missing"`
	Losses         map[string]int `json:"losses"` // by reason
	Took           time.Duration  `json:"took"`
	SpansPerSecond float64        `json:"spans_per_second"`
	WorstSecond    int            `json:"worst_second"` // spans acknowledged in it; 0 for a load that lasted none
	BestSecond     int            `json:"best_second"`
	LatencyP50     time.Duration  `json:"latency_p50"` // of a payload
	LatencyP99     time.Duration  `json:"latency_p99"`
	LatencyMax     time.Duration  `json:"latency_max"`
}

func printResultJSON(w io.Writer, r tracegen.LoadResult) error {
	answer := loadAnswer{
		Sent: r.Sent, Acknowledged: r.Acknowledged, Refused: r.Refused, Unanswered: r.Unanswered, Losses: r.Losses,
		Took: r.Took, SpansPerSecond: math.Round(r.PerSecond()), WorstSecond: r.WorstSecond, BestSecond: r.BestSecond, LatencyP50: r.LatencyP50, LatencyP99: r.LatencyP99, LatencyMax: r.LatencyMax,
	}
	if missing := r.Missing(); r.Compared {
		answer.TakenIn, answer.Missing = &r.Received, &missing
	}
	return json.NewEncoder(w).Encode(answer)
}
