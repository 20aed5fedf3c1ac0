package serve

import (
	"cmp"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// Parse reads the settings from the command line, or else from the environment:
// --think-delay is also THINK_DELAY. A wrong setting ends the program with status 2;
// --healthcheck ends it with 0 if the service on --listen-addr is healthy, else 1.
func Parse(flags *flag.FlagSet) {
	var args []string
	flags.VisitAll(func(f *flag.Flag) {
		name := strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		f.Usage += ", also as " + name
		if value := os.Getenv(name); value != "" {
			args = append(args, "--"+f.Name+"="+value)
		}
	})
	healthcheck := flags.Bool("healthcheck", false, "check whether the running service is healthy, then exit")
	flags.Parse(append(args, os.Args[1:]...))
	flags.VisitAll(func(f *flag.Flag) {
		if !valid(f) {
			exit(2, fmt.Errorf("invalid value %q for flag -%s: use a value such as %s", f.Value, f.Name, f.DefValue))
		}
	})
	if flags.NArg() > 0 {
		exit(2, fmt.Errorf("unknown argument %q; --help lists the flags", flags.Arg(0)))
	}
	if *healthcheck {
		exit(1, checkHealth(flags.Lookup("listen-addr").Value.String()))
	}
}

func exit(status int, err error) {
	if err == nil {
		os.Exit(0)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(status)
}

// valid checks a flag's value. A name that ends in -addr needs an address, and one
// in -url a URL to which a path can be added. Other values don't start with a minus.
func valid(f *flag.Flag) bool {
	value := f.Value.String()
	if strings.HasSuffix(f.Name, "-addr") {
		_, port, err := net.SplitHostPort(value)
		_, unknown := net.LookupPort("tcp", port)
		return cmp.Or(err, unknown) == nil && port != ""
	}
	if strings.HasSuffix(f.Name, "-url") {
		u, err := url.Parse(value)
		return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.RawQuery+u.Fragment == "" && !strings.HasSuffix(value, "/")
	}
	return !strings.HasPrefix(value, "-")
}

func checkHealth(addr string) error {
	host, port, _ := net.SplitHostPort(addr)
	client := &http.Client{Timeout: 3 * time.Second}
	resp, err := client.Get("http://" + net.JoinHostPort(cmp.Or(host, "localhost"), port) + "/healthz")
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("/healthz responded %s", resp.Status)
	}
	return err
}
