package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"thinker/shared/apm"
	"thinker/shared/apm/colour"
	"thinker/shared/apm/fetch"
	"thinker/shared/apm/format"
	"thinker/shared/workshop/client"
	"thinker/shared/workshop/doctor"
	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/runner"
	"thinker/shared/workshop/terminal"
)

func thinkCommand() *cobra.Command {
	var at addresses
	step := stepNumber(0)
	repeat := 1
	cmd := &cobra.Command{
		Use:   "think SUBJECT…",
		Short: "Send one request to the running step and show its trace",
		Long: `Send one request to the running step, wait for its trace, and show it as a tree.

If no trace arrives, it shows the first problem that workshop doctor finds. With
--step, it also checks that this step is the one running, by the version tag of
the trace.`,
		Example: `  workshop think war
  workshop think war music --repeat 2
  workshop think art --step 4`,
		Args:              oneSubjectAtLeast,
		ValidArgsFunction: completeSubjects,
		RunE: func(cmd *cobra.Command, subjects []string) error {
			if repeat < 1 || repeat > 100 {
				return cannotRun{fmt.Errorf("--repeat %d is out of range: use 1 to 100, or workshop load for more", repeat)}
			}
			examination, err := at.examination(cmd)
			if err != nil {
				return err
			}
			t := &thinking{client: examination.Client, examination: examination, out: terminal.New(os.Stdout), step: int(step)}
			for range repeat {
				if err := t.think(cmd.Context(), subjects); err != nil {
					return stopped(cmd.Context(), err)
				}
			}
			return nil
		},
	}
	at.flags(cmd)
	at.thinkerFlag(cmd)
	cmd.Flags().Var(&step, "step", fmt.Sprintf("the step that must be running, 1 to %d", runner.Steps))
	cmd.Flags().IntVar(&repeat, "repeat", 1, "number of requests, sent one after the other")
	completeSteps(cmd)
	return cmd
}

// thinking holds what the requests of one command share.
type thinking struct {
	client      *client.Client
	examination doctor.Options // if no trace arrives
	out         *terminal.Terminal
	step        int // that must be running; 0 for any
	palette     colour.Palette
}

// think sends a request and shows its response and its traces.
func (t *thinking) think(ctx context.Context, subjects []string) error {
	t.out.Progress("waiting for the response …")
	answer, err := t.client.Think(ctx, subjects...)
	if _, long := errors.AsType[*fetch.TooLongError](err); long {
		t.out.EndProgress()
		return fmt.Errorf("the response of thinker-api at %s is longer than 1 MiB. "+
			"Look for a loop in the api that writes the response", t.client.API)
	} else if err != nil {
		return missing(ctx, t.out, t.examination, fmt.Errorf("thinker-api does not respond at %s", t.client.API))
	}
	for line := range strings.Lines(inWords(answer, subjects)) {
		t.out.Printf("%s", t.out.Paragraph("", line))
	}
	t.out.Progress("waiting for the trace …")
	traces, err := t.client.TracesOf(ctx, answer)
	t.out.EndProgress()
	if err != nil {
		return missing(ctx, t.out, t.examination, err)
	} else if len(traces) == 0 {
		return missing(ctx, t.out, t.examination, errors.New("the api responded, but no trace arrived"))
	}
	for _, trace := range traces {
		if err := t.client.Colours(ctx, trace.ID, &t.palette); err != nil {
			return missing(ctx, t.out, t.examination, err)
		}
		t.out.Trace(trace, t.client.Page(trace.ID), &t.palette)
	}
	if n := requestTraces(traces); n > 1 {
		t.out.Printf("\nOne request produced %d traces: the trace was not propagated from one service to the next.\n", n)
	}
	if version := versionOf(traces); t.step != 0 && version != runner.StepName(t.step) {
		return fmt.Errorf("%s is running, not %s. To start that: %s --step %d", version, runner.StepName(t.step),
			workshopUp(), t.step)
	}
	if answer.Status != http.StatusOK {
		return fmt.Errorf("the api responded with %d", answer.Status)
	}
	return nil
}

// requestTraces returns how many of the traces have a span for an incoming request. A
// connection to Redis, for example, has a trace of its own without one.
func requestTraces(traces []apm.Trace) (n int) {
	for _, trace := range traces {
		if slices.ContainsFunc(trace.Spans, func(span apm.Span) bool { return span.Type == "web" }) {
			n++
		}
	}
	return n
}

// inWords formats a response in lines for people, one for each subject.
func inWords(a lesson.Exchange, subjects []string) string {
	var thoughts map[string]struct {
		Error                 bool
		Reason, Quote, Author string
	}
	if a.Status != http.StatusOK || json.Unmarshal([]byte(a.Body), &thoughts) != nil {
		return fmt.Sprintf("%d after %s: %s", a.Status, format.Duration(a.Took), format.Printable(a.Body, 500))
	}
	var lines []string
	for _, subject := range subjects {
		thought, said := thoughts[subject]
		line := fmt.Sprintf("%s: “%s” %s", subject, thought.Quote, thought.Author)
		if !said {
			line = subject + ": not in the response"
		} else if thought.Error {
			line = subject + ": " + thought.Reason
		}
		lines = append(lines, format.Printable(line, 500))
	}
	return strings.Join(lines, "\n")
}

// versionOf returns the version tag of the traces' entry spans.
func versionOf(traces []apm.Trace) string {
	for _, trace := range traces {
		if entry := trace.Entry(); entry != nil && entry.Meta["version"] != "" {
			return entry.Meta["version"]
		}
	}
	return "code without a version"
}

// oneSubjectAtLeast rejects a request without a subject.
func oneSubjectAtLeast(cmd *cobra.Command, subjects []string) error {
	if len(subjects) == 0 {
		return fmt.Errorf("which subject? Add one or more: %s war", cmd.CommandPath())
	}
	return nil
}
