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

// addresses are where a command finds a running step: on this machine by its
// ports, elsewhere by API_URL, AGENT_URL and PAGES_URL.
type addresses struct{ apiPort, thinkerPort, agentPort int }

func (a *addresses) flags(cmd *cobra.Command) {
	cmd.Flags().IntVar(&a.apiPort, "api-port", portFrom("API_PORT", 5000), "where thinker-api listens, unless API_URL says where (API_PORT)")
	cmd.Flags().IntVar(&a.agentPort, "agent-port", portFrom("AGENT_PORT", 8126), "where the agent listens, unless AGENT_URL says where (AGENT_PORT)")
}

func (a *addresses) thinkerFlag(cmd *cobra.Command) {
	cmd.Flags().IntVar(&a.thinkerPort, "thinker-port", portFrom("THINKER_PORT", 5001), "where thinker-microservice listens, unless API_URL says where the api is (THINKER_PORT)")
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

// address is what the flag says where it is given, else the variable, else the
// flag's default.
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
		return "", cannotRun{fmt.Errorf("%s=%q is not a URL such as http://localhost:%d", variable, set, port)}
	}
	return strings.TrimSuffix(set, "/"), nil
}

// completeSubjects offers the subjects that somebody has thought about, in a list
// with commas too.
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

// completeSteps has the flag --step offer what there is.
func completeSteps(cmd *cobra.Command) {
	_ = cmd.RegisterFlagCompletionFunc("step", cobra.FixedCompletions(lessons(), cobra.ShellCompDirectiveNoFileComp)) // the flag is there
}

// stopped is the error of a command that was interrupted, and else err.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("stopped")
	}
	return err
}
