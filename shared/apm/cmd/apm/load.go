package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"thinker/shared/apm/format"
	"thinker/shared/apm/tracegen"
)

func loadCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "load",
		Short: "Send many spans and measure the result",
		Long: fmt.Sprintf(`apm load sends traces of %d spans each to a running apm. It reports how many spans
the apm received, how fast, and whether any acknowledged span is missing.

It stops after --for or --spans, whichever comes first, or on Ctrl-C.

Exit codes: 0 if every acknowledged span was received, 1 if one is missing or the
apm doesn't respond.`, tracegen.SpansPerTrace),
		Example: `  apm load                                     as fast as the apm accepts, for 10 s
  apm load --rate 50000 --for 1m               a steady load
  apm load --spans 1000000 --spread 4h         fill the store with traces to search
  apm load --attributes 200 --unique           many attributes, and a unique one
  apm load --for 30s --json | jq .missing      in a script`,
		Args: noArguments,
	}
	config := tracegen.LoadConfig{}
	addr := addrFlag(cmd)
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.DurationVar(&config.For, "for", 0, "time to send, such as 30s (default 10s, unless --spans is given)")
	flags.IntVar(&config.Spans, "spans", 0, "number of spans to send")
	flags.IntVar(&config.Rate, "rate", 0,
		"spans per second (default 0: as fast as the agent accepts);\ncatches up after a pause")
	flags.IntVar(&config.Connections, "connections", tracegen.DefaultConnections, "number of parallel connections")
	flags.IntVar(&config.Payload, "payload", tracegen.DefaultPayload,
		fmt.Sprintf("spans per payload, a multiple of %d; fewer at a low rate", tracegen.SpansPerTrace))
	flags.IntVar(&config.Attributes, "attributes", 0,
		"give each span some of n different attributes, app.attribute_000 and so on")
	flags.BoolVar(&config.Unique, "unique", false, "give each span a unique request.id")
	flags.DurationVar(&config.Spread, "spread", 0,
		"spread the start times over this long until now (default 0: all are new)")
	asJSON := flags.Bool("json", false, "print the result as JSON, with durations in nanoseconds")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return load(cmd, *addr, config, *asJSON) }
	return cmd
}

// load sends spans and prints how many were received.
func load(cmd *cobra.Command, addr string, config tracegen.LoadConfig, asJSON bool) (err error) {
	flags := cmd.Flags()
	if !flags.Changed("for") && !flags.Changed("spans") {
		config.For = 10 * time.Second
	}
	// In a LoadConfig, 0 means the default. On the command line, it is a mistake.
	for name, value := range map[string]int64{
		"for": int64(config.For), "spans": int64(config.Spans),
		"connections": int64(config.Connections), "payload": int64(config.Payload),
	} {
		if flags.Changed(name) && value < 1 {
			return usage(cmd, fmt.Errorf("--%s %s is out of range: use more than 0", name, flags.Lookup(name).Value))
		}
	}
	agent, err := remoteAt(cmd, addr)
	if err != nil {
		return err
	}
	config.URL = agent.URL
	if err := config.Check(); err != nil {
		return usage(cmd, err)
	}
	if isTerminal(cmd.ErrOrStderr()) {
		config.Progress = progress(cmd.ErrOrStderr())
	}
	result, err := tracegen.Load(cmd.Context(), config)
	if result.Sent > 0 || err == nil {
		var printErr error
		if asJSON {
			printErr = json.NewEncoder(cmd.OutOrStdout()).Encode(result.Report())
		} else {
			printErr = printResult(cmd.OutOrStdout(), result)
		}
		if printErr != nil {
			return fmt.Errorf("print the result: %w", printErr)
		}
	}
	if err != nil {
		return agent.fail("load", err)
	}
	if missing := result.Missing(); missing > 0 {
		return fmt.Errorf("load the apm at %s: it acknowledged %s that it did not store",
			addr, format.Count(missing, "span", "spans"))
	}
	return nil
}

// progress returns a function that prints a line about the state of a load.
func progress(w io.Writer) func(tracegen.LoadResult) {
	var last tracegen.LoadResult
	return func(r tracegen.LoadResult) {
		perSecond := float64(r.Sent-last.Sent) / (r.Took - last.Took).Seconds()
		fmt.Fprintf(w, "%s  %s sent  %s spans/s\n", format.Duration(r.Took.Round(time.Second)),
			format.Count(r.Sent, "span", "spans"), format.Number(int(perSecond)))
		last = r
	}
}

func printResult(w io.Writer, r tracegen.LoadResult) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, text string, args ...any) { fmt.Fprintf(table, name+"\t"+text+"\n", args...) }
	row("sent", "%s in %s", format.Count(r.Sent, "span", "spans"), format.Duration(r.Took))
	row("acknowledged", "%s, %s spans/s",
		format.Number(r.Acknowledged), format.Number(int(math.Round(r.PerSecond()))))
	if r.BestSecond > 0 {
		row("per second", "%s to %s spans", format.Number(r.WorstSecond), format.Number(r.BestSecond))
	}
	for _, status := range slices.Sorted(maps.Keys(r.Refused)) {
		row("refused", "%s with status %d", format.Number(r.Refused[status]), status)
	}
	if r.Unanswered > 0 {
		row("no response", "%s", format.Number(r.Unanswered))
	}
	row("latency", "p50 %s, p99 %s, max %s per payload",
		format.Duration(r.LatencyP50), format.Duration(r.LatencyP99), format.Duration(r.LatencyMax))
	if r.Compared {
		row("received", "%s by the agent's count, %s missing",
			format.Number(max(0, r.Received)), format.Number(r.Missing()))
	}
	for _, reason := range slices.Sorted(maps.Keys(r.Losses)) {
		row("lost", "%s × %s", format.Number(r.Losses[reason]), strings.TrimSpace(format.Printable(reason, 80)))
	}
	return table.Flush()
}
