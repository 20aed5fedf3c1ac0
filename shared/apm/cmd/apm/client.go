package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"thinker/shared/apm/agent"
	"thinker/shared/apm/api"
	"thinker/shared/apm/format"
	"thinker/shared/apm/tracegen"
)

// A remote is the running apm that a command uses.
type remote struct {
	addr string // as the user gave it
	api.Client
}

// addrFlag adds --addr to a command that needs a running apm.
func addrFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("addr", cmp.Or(os.Getenv("APM_ADDR"), agent.DefaultAddr),
		"address of the running apm, `host:port` (APM_ADDR)")
}

// remoteAt returns the apm at addr.
func remoteAt(cmd *cobra.Command, addr string) (remote, error) {
	host, port, err := net.SplitHostPort(strings.TrimSuffix(strings.TrimPrefix(addr, "http://"), "/"))
	if err != nil {
		return remote{}, usage(cmd, fmt.Errorf("--addr %q is not an address. Use host:port or :port", addr))
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "localhost"
	}
	const anyLength = 1 << 40 // bytes: an exported trace may be large
	return remote{addr, api.Client{URL: "http://" + net.JoinHostPort(host, port), Limit: anyLength}}, nil
}

// fail adds to an error what the command was doing, and what to do if there is no apm.
func (r remote) fail(doing string, err error) error {
	return fmt.Errorf("%s the apm at %s: %w", doing, r.addr, explain(err))
}

// explain returns the agent's own words, if it responded, or what to do if something else
// responded or nothing is listening.
func explain(err error) error {
	const longest = 1000 // characters
	if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Op == "dial" {
		return errors.New("nothing is listening there. Start apm, or give its address: --addr host:port")
	}
	status := 0
	if failed, ok := errors.AsType[*api.ResponseError](err); ok {
		if failed.Problem.Detail != "" {
			return errors.New(format.Printable(failed.Problem.Detail, longest))
		}
		status = failed.Status
	}
	if refused, ok := errors.AsType[*tracegen.RefusedError](err); ok {
		if refused.ByAgent && strings.TrimSpace(refused.Message) != "" {
			return errors.New(format.Printable(refused.Message, longest))
		}
		status = refused.Status
	}
	if status == 0 {
		return err
	}
	return fmt.Errorf("it responded with %d %s. Is it an apm?", status, http.StatusText(status))
}
