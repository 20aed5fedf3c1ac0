package runner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2"

	"thinker/shared/apm/agent"
)

// Options say what to run, and where.
type Options struct {
	Root      string // the workshop's directory
	Target    Target
	Ports     Ports
	RedisAddr string // of a Redis to use; empty: one is started in this process
	Env       []string
	Race      bool   // build with the race detector
	Dir       string // for what is built and stored; empty: .workshop in Root
	DB        string // the file that traces are kept in; empty: in memory

	Building func(doing string)         // is given each download and each package compiled
	Log      func(service, line string) // is given each line that a service prints
}

// Ports are where the services and the agent listen on this machine.
type Ports struct{ API, Thinker, Agent int }

// Running is a step whose services are healthy.
type Running struct {
	Agent        *agent.Agent
	API, Thinker *Process
	redis        *miniredis.Miniredis
	stopRedis    context.CancelFunc
}

// Up starts the agent first, as it is quick to say what is wrong, builds a step
// and starts, in this order, a Redis where the step needs one, the thinker and
// the api. It returns when all are healthy; where one is not, it leaves nothing
// running.
func Up(ctx context.Context, o Options) (_ *Running, err error) {
	if o.Dir == "" {
		o.Dir = filepath.Join(o.Root, ".workshop")
	}
	r := &Running{}
	defer func() {
		if err != nil {
			r.Stop()
		}
	}()
	if r.Agent, err = agent.Start(agent.Config{
		Addr: local(o.Ports.Agent), DB: o.DB, Try: Try(o.Ports.API), Logger: slog.New(slog.NewTextHandler(lineWriter(o.Log), nil)),
	}); err != nil {
		return nil, fmt.Errorf("start the agent: %w", err)
	}
	binaries, err := Build(ctx, o.Root, filepath.Join(o.Dir, "bin"), o.Target, o.Race, o.Building)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(o.Dir, "data", o.Target.Name())
	if err := os.MkdirAll(data, 0o755); err != nil {
		return nil, fmt.Errorf("make room for the step's data: %w", err)
	}
	if o.Target.Step >= 5 && o.RedisAddr == "" {
		if o.RedisAddr, err = r.startRedis(); err != nil {
			return nil, err
		}
	}

	env := append(environment(), r.Agent.Env()...)
	env = append(env,
		"DD_ENV=workshop",
		"DD_VERSION="+o.Target.Name(),
		"DATABASE="+filepath.Join(data, "thoughts.db"),
		"REDIS_ADDR="+o.RedisAddr,
		"THINKER_URL=http://"+local(o.Ports.Thinker))
	env = append(env, o.Env...)
	start := func(name, binary string, port int) (*Process, error) {
		return Start(ctx, Service{Name: name, Binary: binary, Addr: local(port), Env: env,
			Log: func(line string) { o.Log(name, line) }})
	}
	if r.Thinker, err = start("thinker", binaries.Thinker, o.Ports.Thinker); err != nil {
		return nil, err
	}
	if r.API, err = start("api", binaries.API, o.Ports.API); err != nil {
		return nil, err
	}
	return r, nil
}

// StopServices ends the api and then the thinker, so that what they still have
// to send is received by the agent, which goes on.
func (r *Running) StopServices() error {
	var errs []error
	for _, p := range []*Process{r.API, r.Thinker} {
		if p != nil {
			errs = append(errs, p.Stop())
		}
	}
	r.API, r.Thinker = nil, nil
	return errors.Join(errs...)
}

// Stop ends everything, the agent last.
func (r *Running) Stop() error {
	errs := []error{r.StopServices()}
	if r.redis != nil {
		r.stopRedis()
		r.redis.Close()
	}
	if r.Agent != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		errs = append(errs, r.Agent.Close(ctx))
	}
	return errors.Join(errs...)
}

// startRedis starts a Redis within this process, and moves its clock on, which
// it does not do by itself.
func (r *Running) startRedis() (addr string, err error) {
	if r.redis, err = miniredis.Run(); err != nil {
		return "", fmt.Errorf("start a Redis: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.stopRedis = cancel
	go func(redis *miniredis.Miniredis) {
		const tick = 250 * time.Millisecond
		for {
			select {
			case <-time.After(tick):
				redis.FastForward(tick)
			case <-ctx.Done():
				return
			}
		}
	}(r.redis)
	return r.redis.Addr(), nil
}

// A lineWriter hands on what the agent logs, a line at a time.
type lineWriter func(service, line string)

func (w lineWriter) Write(line []byte) (int, error) {
	w("agent", strings.TrimSpace(string(line)))
	return len(line), nil
}

// Try is the command with which a learner sends a first request.
func Try(apiPort int) string {
	return fmt.Sprintf("curl 'http://localhost:%d/think/?subject=war'", apiPort)
}

func local(port int) string { return net.JoinHostPort("localhost", strconv.Itoa(port)) }
