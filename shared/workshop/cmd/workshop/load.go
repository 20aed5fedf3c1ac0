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

	"thinker/shared/apm/api"
	"thinker/shared/apm/format"
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
		Short: "Send many requests and measure the response times",
		Long: fmt.Sprintf(`Send many requests to the running step. Then compare the figures measured here
with the figures on the pages for the same time.

With several rates, each gets an equal share of the time. Requests are sent on
schedule even if earlier ones are still pending. If too many are pending, new ones
are skipped and counted. The limits are %d requests per second and %d minutes.
Ctrl-C stops early and shows the figures so far.

Exit codes: 0 if every request succeeded, 1 if a request failed.`, load.MaxRate, int(load.MaxDuration.Minutes())),
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
					return cannotRun{fmt.Errorf("--rps %q is not a number. Use one or more numbers, such as 5,20,50", text)}
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
	cmd.Flags().StringSliceVar(&rates, "rps", []string{"20"}, "requests per second; several rates run one after the other")
	cmd.Flags().DurationVar(&plan.For, "for", 10*time.Second, "total time")
	cmd.Flags().StringSliceVar(&mix, "mix", []string{"war"}, "subjects to request, in turn")
	_ = cmd.RegisterFlagCompletionFunc("mix", completeSubjects) // the flag exists
	return cmd
}

func runLoad(ctx context.Context, out *terminal.Terminal, examination doctor.Options, plan load.Plan) error {
	ask := examination.Client
	if answer, err := ask.Get(ctx, "/healthz"); err != nil || answer.Status != http.StatusOK {
		return missing(ctx, out, examination, fmt.Errorf("thinker-api does not respond at %s", ask.API))
	}
	sent := load.Run(ctx, plan, func(f load.Figures) {
		out.Progress("%d/s   sent %d   ok %d   errors %d   p50 %s   p99 %s", f.Rate, f.Sent,
			f.Answered-f.Failed, f.Failed, format.Duration(f.P50), format.Duration(f.P99))
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
		return fmt.Errorf("%s failed", format.Count(sent.Failed, "request", "requests"))
	}
	return nil
}

// bothSides prints the figures measured here beside those of the pages.
func bothSides(out *terminal.Terminal, sent load.Figures, seen api.Figures) {
	row := func(what, here, there string) { out.Printf("  %-10s %12s %12s\n", what, here, there) }
	row("", "here", "on the pages")
	row("requests", format.Number(sent.Answered), format.Number(seen.Requests))
	row("errors", format.Number(sent.Failed), format.Number(seen.Errors))
	row("p50", format.Duration(sent.P50), format.Duration(seen.P50))
	row("p99", format.Duration(sent.P99), format.Duration(seen.P99))
	row("max", format.Duration(sent.Max), format.Duration(seen.Max))

	why := "Here, a request lasts until the last byte of its response. On the pages, it lasts as long as " +
		"thinker-api's span. The difference is network time and waiting for a connection. " +
		"Percentiles on the pages are accurate to 1 %."
	switch more := seen.Requests - sent.Answered; {
	case more > 0:
		why += fmt.Sprintf(" The pages show %s more: another client sent requests at the same time.", format.Number(more))
	case more < 0:
		why += fmt.Sprintf(" The pages show %s fewer: their spans were not sent, or have not arrived. "+
			"To find out why: %s doctor", format.Number(-more), workshop())
	}
	if sent.Missed > 0 {
		why += fmt.Sprintf(" The rate was too high: %s skipped, because too many were pending.",
			format.Count(sent.Missed, "request was", "requests were"))
	}
	out.Printf("\n%s", out.Paragraph("", why))
}
