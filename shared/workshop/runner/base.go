package runner

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"thinker/shared/apm/agent"
	"thinker/shared/apm/guest"
	"thinker/shared/workshop/redis"
)

// A base is what the services of every step need: an agent and, from step 5 on, a
// Redis.
type base struct {
	o     Options
	agent *agent.Agent
	redis *redis.Redis
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

// A lineWriter passes on the lines that the agent logs.
type lineWriter func(service, line string)

func (w lineWriter) Write(line []byte) (int, error) {
	w("agent", strings.TrimSpace(string(line)))
	return len(line), nil
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
			if b.redis, err = redis.Start(); err != nil {
				return nil, err
			}
		}
		redisAddr = b.redis.Addr()
	}
	env := append(slices.DeleteFunc(os.Environ(), ignored), b.agent.Env()...)
	env = append(env,
		"DD_ENV=workshop",
		"DD_VERSION="+target.Name(),
		"DATABASE="+filepath.Join(data, "thoughts.db"),
		"REDIS_ADDR="+redisAddr,
		"THINKER_URL=http://"+local(b.o.Ports.Thinker))
	return append(env, b.o.Env...), nil
}

// sources returns the directories and files that a target is built from.
func (b *base) sources(target Target) []string {
	shared := filepath.Join(b.o.Root, "shared")
	return []string{
		target.source(b.o.Root),
		filepath.Join(shared, "serve"), filepath.Join(shared, "go.mod"), filepath.Join(b.o.Root, "go.work"),
	}
}

// close ends the Redis and then the agent.
func (b *base) close() error {
	if b.redis != nil {
		b.redis.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return b.agent.Close(ctx)
}

// ignored reports whether services don't get a variable of this process: a shell may
// have set it for other programs, and the tracer would hide or change traces. Only
// tags that leave a span's own fields alone are kept, and the tracer's log level.
func ignored(entry string) bool {
	name, value, _ := strings.Cut(entry, "=")
	switch {
	case name == "DD_TRACE_DEBUG":
		return false
	case name == "DD_TAGS":
		return slices.ContainsFunc([]string{"service.name", "span.name", "resource.name", "span.type", "error", "subject"},
			func(field string) bool { return strings.Contains(value, field+":") })
	}
	return strings.HasPrefix(name, "DD_") || strings.HasPrefix(name, "OTEL_") || name == "AWS_LAMBDA_FUNCTION_NAME"
}

// IgnoredVariables returns the names of this process's variables that services don't
// get, sorted.
func IgnoredVariables() (names []string) {
	for _, entry := range os.Environ() {
		if name, value, _ := strings.Cut(entry, "="); value != "" && ignored(entry) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
