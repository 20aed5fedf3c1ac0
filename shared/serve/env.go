package serve

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// Env reads the environment that configures a service. Read it all, then call Check.
type Env struct{ about, args, help, wrong string }

var errDone = errors.New("done without serving")

type configError string // which variable is wrong, and what would be right

func (e configError) Error() string { return string(e) }

// String reads a variable; def stands where it is unset or empty.
func (e *Env) String(name, def, meaning string) string {
	e.help += fmt.Sprintf("  %-19s %s (default %s)\n", name, meaning, def)
	return cmp.Or(os.Getenv(name), def)
}

// Duration reads a time span of zero or more.
func (e *Env) Duration(name, def, meaning string) time.Duration {
	d, err := time.ParseDuration(e.String(name, def, meaning))
	if err != nil || d < 0 {
		e.wrong += fmt.Sprintf("%s=%q is not a duration such as %s; ", name, os.Getenv(name), def)
	}
	return d
}

// URL reads an http address to which a path can be added.
func (e *Env) URL(name, def, meaning string) string {
	value := e.String(name, def, meaning)
	if u, err := url.Parse(value); err != nil || u.Host == "" || !strings.HasPrefix(u.Scheme, "http") {
		e.wrong += fmt.Sprintf("%s=%q is not a URL such as %s; ", name, value, def)
	}
	return strings.TrimSuffix(value, "/")
}

// Check returns an error where a variable is wrong, and where the command line
// asks for --help, or by --healthcheck whether the service at addr is well.
func (e *Env) Check(addr string) error {
	switch {
	case e.args == "--help" || e.args == "-h":
		e.String("DD_TRACE_AGENT_URL", "http://localhost:8126", "where spans go; dd-trace-go reads other DD_* variables too")
		fmt.Printf("%s\n\nThe environment configures it:\n%s", e.about, e.help)
		return errDone
	case e.wrong != "":
		return configError(e.wrong + "see --help")
	case e.args == "--healthcheck":
		host, port, _ := net.SplitHostPort(addr)
		_, err := http.Get("http://" + net.JoinHostPort(cmp.Or(host, "localhost"), port) + "/healthz")
		return cmp.Or(err, errDone)
	case e.args != "":
		return configError(fmt.Sprintf("argument %q is not known; see --help", e.args))
	}
	return nil
}
