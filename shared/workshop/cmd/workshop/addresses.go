package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"thinker/shared/workshop/client"
	"thinker/shared/workshop/lesson"
)

// addresses locate a running step: by its ports on this machine, or elsewhere by
// API_URL, AGENT_URL and PAGES_URL.
type addresses struct{ apiPort, thinkerPort, agentPort int }

func (a *addresses) flags(cmd *cobra.Command) {
	cmd.Flags().IntVar(&a.apiPort, "api-port", portFrom("API_PORT", 5000),
		"port of thinker-api, if API_URL is not set (API_PORT)")
	cmd.Flags().IntVar(&a.agentPort, "agent-port", portFrom("AGENT_PORT", 8126),
		"port of the agent, if AGENT_URL is not set (AGENT_PORT)")
}

func (a *addresses) thinkerFlag(cmd *cobra.Command) {
	cmd.Flags().IntVar(&a.thinkerPort, "thinker-port", portFrom("THINKER_PORT", 5001),
		"port of thinker-microservice, if API_URL is not set (THINKER_PORT)")
}

func (a *addresses) client(cmd *cobra.Command) (*client.Client, error) {
	api, err := address(cmd, "api-port", a.apiPort, "API_URL")
	if err != nil {
		return nil, err
	}
	agent, err := address(cmd, "agent-port", a.agentPort, "AGENT_URL")
	if err != nil {
		return nil, err
	}
	pages := strings.TrimSuffix(cmp.Or(os.Getenv("PAGES_URL"), agent), "/")
	return &client.Client{API: api, Agent: agent, Pages: pages}, nil
}

// address returns a base URL: from the flag if it was given, else from the
// variable, else from the flag's default.
func address(cmd *cobra.Command, flag string, port int, variable string) (string, error) {
	if err := checkPort("--"+flag, port); err != nil {
		return "", cannotRun{err}
	}
	set := os.Getenv(variable)
	if set == "" || cmd.Flags().Changed(flag) {
		return fmt.Sprintf("http://localhost:%d", port), nil
	}
	u, err := url.Parse(set)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", cannotRun{fmt.Errorf("%s=%q is not a URL. Use one like http://localhost:%d", variable, set, port)}
	}
	return strings.TrimSuffix(set, "/"), nil
}

// completeSubjects completes the known subjects, also in a comma-separated list.
func completeSubjects(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	done := typed[:strings.LastIndex(typed, ",")+1]
	var offered []string
	for _, subject := range lesson.Subjects() {
		if strings.HasPrefix(done+subject, typed) {
			offered = append(offered, done+subject)
		}
	}
	return offered, cobra.ShellCompDirectiveNoFileComp
}

// completeSteps completes the flag --step.
func completeSteps(cmd *cobra.Command) {
	steps := cobra.FixedCompletions(stepNumbers(), cobra.ShellCompDirectiveNoFileComp)
	_ = cmd.RegisterFlagCompletionFunc("step", steps) // the flag exists
}

// stopped returns the error of an interrupted command, or err.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("stopped")
	}
	return err
}
