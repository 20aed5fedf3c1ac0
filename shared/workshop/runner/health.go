package runner

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	psnet "github.com/shirou/gopsutil/v4/net"

	"thinker/shared/apm/fetch"
)

// startTime is how long a service may take until it is healthy.
const startTime = 30 * time.Second

// untilHealthy waits until the service responds to /healthz at its address. It fails
// early if the service is healthy at another address.
func (p *Process) untilHealthy(ctx context.Context) error {
	tooLate := time.After(startTime)
	for look := time.Tick(time.Second); ; {
		if healthy(ctx, p.Addr) {
			return nil
		}
		select {
		case <-p.ended:
			return p.Failure()
		case <-ctx.Done():
			return fmt.Errorf("%s did not become healthy: %w", p.Name, context.Cause(ctx))
		case <-tooLate:
			return p.unhealthy(ctx)
		case <-look:
			isHealthy := func(addr string) bool { return healthy(ctx, addr) }
			if addrs := p.listens(ctx); slices.ContainsFunc(addrs, isHealthy) && !slices.ContainsFunc(addrs, p.isOwn) {
				return p.listensElsewhere(addrs)
			}
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// healthy reports whether a service responds to /healthz at an address.
func healthy(ctx context.Context, addr string) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if strings.HasPrefix(addr, ":") {
		addr = "localhost" + addr
	}
	resp, err := fetch.Get(ctx, "http://"+addr+"/healthz", nil)
	return err == nil && resp.Status == http.StatusOK
}

// unhealthy returns why the service didn't become healthy in time.
func (p *Process) unhealthy(ctx context.Context) error {
	addrs, why := p.listens(ctx), ""
	switch {
	case addrs == nil:
		why = "respond to /healthz at the address in LISTEN_ADDR. Pass the value of the flag listen-addr to serve.HTTP"
	case len(addrs) == 0:
		why = "listen on any port. Its run function must call serve.HTTP"
	case slices.ContainsFunc(addrs, p.isOwn):
		why = "respond to /healthz with 200, although it listens on the address in LISTEN_ADDR. " +
			"Serve its router with serve.HTTP, which adds /healthz"
	default:
		return p.listensElsewhere(addrs)
	}
	return fmt.Errorf("%s did not become healthy: in %v it did not %s", p.Name, startTime, why)
}

func (p *Process) listensElsewhere(addrs []string) error {
	return fmt.Errorf("%s listens on %s, not on the address in LISTEN_ADDR. "+
		"Pass the value of the flag listen-addr to serve.HTTP", p.Name, strings.Join(addrs, " and "))
}

// listens returns the addresses on which the process listens, in net.Listen's form.
// It returns nil if the system doesn't report them.
func (p *Process) listens(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	sockets, err := psnet.ConnectionsPidWithContext(ctx, "tcp", int32(p.group.cmd.Process.Pid))
	if err != nil {
		return nil
	}
	addrs := []string{}
	for _, socket := range sockets {
		if socket.Status != "LISTEN" {
			continue
		}
		host := socket.Laddr.IP
		if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
			host = "" // every address of the machine; some systems write *
		}
		addr := net.JoinHostPort(host, strconv.Itoa(int(socket.Laddr.Port)))
		if !slices.Contains(addrs, addr) {
			addrs = append(addrs, addr)
		}
	}
	return addrs
}

// isOwn reports whether an address has the port that the service was given.
func (p *Process) isOwn(addr string) bool {
	_, port, _ := net.SplitHostPort(addr)
	_, own, _ := net.SplitHostPort(p.Addr)
	return port == own
}
