package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"thinker/shared/apm"
	"thinker/shared/workshop/client"
	"thinker/shared/workshop/doctor"
	"thinker/shared/workshop/load"
	"thinker/shared/workshop/terminal"
)

func loadCommand() *cobra.Command {
	var at addresses
	plan := load.Plan{}
	var rates, mix []string
	cmd := &cobra.Command{
		Use:   "load",
		Short: "Send many requests, and measure them from both sides",
		Long: fmt.Sprintf(`Send the running step many requests, and show how they were answered: as this
command saw it, and beside that as the pages show it of the same time.

With several rates, each has an equal part of the time. A request is sent when
its time has come, whether or not those before it are answered; where too many
are not, some are not sent, and it says so. There are at most %d a second, for at
most %d minutes. Ctrl-C ends it early, with the figures so far.

It ends with 1 where requests failed.`, load.MaxRate, int(load.MaxDuration.Minutes())),
		Example: `  workshop load
  workshop load --rps 5,20,50 --for 30s
  workshop load --rps 20 --mix war,music,art`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			examination, err := at.examination(cmd)
			if err != nil {
				return err
			}
			for _, subject := range mix {
				plan.URLs = append(plan.URLs, examination.Client.API+"/think/?"+url.Values{"subject": {subject}}.Encode())
			}
			for _, text := range rates {
				rate, err := strconv.Atoi(strings.TrimSpace(text))
				if err != nil {
					return cannotRun{fmt.Errorf("--rps %q: give a number, or several such as 5,20,50", text)}
				}
				plan.Rates = append(plan.Rates, rate)
			}
			if err := plan.Check(); err != nil {
				return cannotRun{err}
			}
			return runLoad(cmd.Context(), terminal.New(os.Stdout), examination, plan)
		},
	}
	at.flags(cmd)
	at.thinkerFlag(cmd)
	cmd.Flags().StringSliceVar(&rates, "rps", []string{"20"}, "requests a second; several for one after the other")
	cmd.Flags().DurationVar(&plan.For, "for", 10*time.Second, "how long, in all")
	cmd.Flags().StringSliceVar(&mix, "mix", []string{"war"}, "the subjects to ask about, in turn")
	_ = cmd.RegisterFlagCompletionFunc("mix", completeSubjects) // the flag is there
	return cmd
}

func runLoad(ctx context.Context, out *terminal.Terminal, examination doctor.Options, plan load.Plan) error {
	ask := examination.Client
	if answer, err := ask.Get(ctx, "/healthz"); err != nil || answer.Status != http.StatusOK {
		return missing(ctx, out, examination, fmt.Errorf("thinker-api does not answer at %s", ask.API))
	}
	sent := load.Run(ctx, plan, func(f load.Figures) {
		out.Progress("%d/s   sent %d   ok %d   errors %d   p50 %s   p99 %s", f.Rate, f.Sent, f.Answered-f.Failed, f.Failed, apm.FormatDuration(f.P50), apm.FormatDuration(f.P99))
	})
	if sent.Answered == 0 {
		return stopped(ctx, errors.New("no request was sent"))
	}
	out.Progress("waiting for the last spans …")
	thinking := client.Resource{Service: "thinker-api", Operation: "http.request", Name: "GET /think/"}
	seen, err := ask.FiguresOf(context.WithoutCancel(ctx), sent.Answered, thinking, sent.From, sent.To)
	if err != nil {
		return missing(ctx, out, examination, err)
	}
	bothSides(out, sent, seen)
	out.Printf("\n%s\n", ask.ResourcePage(thinking, sent.From, sent.To))
	if sent.Failed > 0 {
		return fmt.Errorf("%s failed", apm.FormatCount(sent.Failed, "request", "requests"))
	}
	return nil
}

// bothSides shows one measurement as who asked saw it, and as the pages do.
func bothSides(out *terminal.Terminal, sent load.Figures, seen client.Figures) {
	row := func(what, here, there string) { out.Printf("  %-10s %12s %12s\n", what, here, there) }
	row("", "seen here", "on the pages")
	row("requests", apm.FormatNumber(sent.Answered), apm.FormatNumber(seen.Requests))
	row("errors", apm.FormatNumber(sent.Failed), apm.FormatNumber(seen.Errors))
	row("p50", apm.FormatDuration(sent.P50), apm.FormatDuration(seen.P50))
	row("p99", apm.FormatDuration(sent.P99), apm.FormatDuration(seen.P99))
	row("max", apm.FormatDuration(sent.Max), apm.FormatDuration(seen.Max))

	why := "Here, a request takes from its sending to the last byte of its answer; on the pages, as long as the span in which thinker-api answers it. Between them are the way there and back, and waiting for a connection. Percentiles on the pages are within 1 %."
	switch more := seen.Requests - sent.Answered; {
	case more > 0:
		why += fmt.Sprintf(" The pages have %s more: somebody else asked in this time.", apm.FormatNumber(more))
	case more < 0:
		why += fmt.Sprintf(" The pages have %s fewer: their spans were not sent, or have not arrived. '%s doctor' finds out why.", apm.FormatNumber(-more), workshop())
	}
	if sent.Missed > 0 {
		why += fmt.Sprintf(" The rate could not be kept: %s not sent, as too many were waiting for their answers.", apm.FormatCount(sent.Missed, "request was", "requests were"))
	}
	out.Printf("\n%s", out.Paragraph("", why))
}
