package runner

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"thinker/shared/apm/agent"
	"thinker/shared/apm/guest"
)

// Options choose what to run, and where.
type Options struct {
	Root      string // the workshop's directory
	Target    Target
	Ports     Ports
	RedisAddr string // of a Redis to use; empty: one is started in this process
	Env       []string
	Race      bool   // build with the race detector
	Dir       string // for builds and data; empty: DataDir of Root
	DB        string // the file that stores the traces; empty: in memory

	Host       string   // to listen on; empty: localhost, this machine only
	AllowHosts []string // names, besides localhost, that a browser may use for the pages

	Building func(doing string)                              // is called for each download and each package compiled
	Log      func(service, line string)                      // is called for each line that a service prints
	Guests   func(w *Workshop, a *agent.Agent) []guest.Guest // adds pages about a Workshop to the agent's; may be nil
}

// Ports are where the services and the agent listen.
type Ports struct{ API, Thinker, Agent int }

// A base is what the services of every step need: an agent and, from step 5 on, a
// Redis.
type base struct {
	o     Options
	agent *agent.Agent
	redis *redis
}

// openBase starts the agent. It comes first, since its errors come fast.
func openBase(o Options, guests func(*agent.Agent) []guest.Guest) (*base, error) {
	o.Dir = cmp.Or(o.Dir, DataDir(o.Root))
	running, err := agent.Start(agent.Config{
		Addr:   o.address(o.Ports.Agent),
		DB:     o.DB,
		Try:    Try(o.Ports.API),
		Guests: guests,

		Services:   []string{"thinker-api", "thinker-microservice", "sqlite.db"}, // in the pictures' colours
		AllowHosts: o.AllowHosts,
		Logger:     slog.New(slog.NewTextHandler(lineWriter(o.Log), nil)),
	})
	if err != nil {
		return nil, fmt.Errorf("start the agent: %w", err)
	}
	if _, port, err := net.SplitHostPort(strings.TrimPrefix(running.URL(), "http://")); err == nil {
		o.Ports.Agent, _ = strconv.Atoi(port) // any port, if 0 was given
	}
	return &base{o: o, agent: running}, nil
}

// build compiles a target's services.
func (b *base) build(ctx context.Context, target Target) (Binaries, error) {
	return Build(ctx, b.o.Root, filepath.Join(b.o.Dir, "bin"), target, b.o.Race, b.o.Building)
}

// environment returns the environment of a target's services. It starts the Redis if
// this target is the first to need it.
func (b *base) environment(target Target) ([]string, error) {
	data := filepath.Join(b.o.Dir, "data", target.Name())
	if err := os.MkdirAll(data, 0o755); err != nil {
		return nil, fmt.Errorf("make the directory for the step's data: %w", err)
	}
	redisAddr := b.o.RedisAddr
	if redisAddr == "" && target.Step >= 5 {
		if b.redis == nil {
			var err error
			if b.redis, err = startRedis(); err != nil {
				return nil, err
			}
		}
		redisAddr = b.redis.server.Addr()
	}
	env := append(environment(), b.agent.Env()...)
	env = append(env,
		"DD_ENV=workshop",
		"DD_VERSION="+target.Name(),
		"DATABASE="+filepath.Join(data, "thoughts.db"),
		"REDIS_ADDR="+redisAddr,
		"THINKER_URL=http://"+local(b.o.Ports.Thinker))
	return append(env, b.o.Env...), nil
}

// close ends the Redis and then the agent.
func (b *base) close() error {
	if b.redis != nil {
		b.redis.close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return b.agent.Close(ctx)
}

// A lineWriter passes on the lines that the agent logs.
type lineWriter func(service, line string)

func (w lineWriter) Write(line []byte) (int, error) {
	w("agent", strings.TrimSpace(string(line)))
	return len(line), nil
}

// Try returns the command that sends a learner's first request.
func Try(apiPort int) string {
	return fmt.Sprintf("curl 'http://localhost:%d/think/?subject=war'", apiPort)
}

func local(port int) string { return net.JoinHostPort("localhost", strconv.Itoa(port)) }
