package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"golang.org/x/sync/singleflight"
	redistrace "gopkg.in/DataDog/dd-trace-go.v1/contrib/redis/go-redis.v9"
	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/tracer"
)

const (
	keyPrefix   = "thought:v1:" // the version grows when thought's JSON changes
	lifetime    = 30 * time.Second
	patience    = 120 * time.Millisecond // with one Redis command
	connections = 10
)

// A cache remembers thoughts in Redis.
type cache struct {
	redis    *redis.Client
	thinking singleflight.Group
}

func openCache(ctx context.Context, addr string) *cache {
	logging.Disable() // what fails is in the traces, and in our own log
	client := redis.NewClient(options(addr))
	client.AddHook(untracedDial{})
	if err := connect(ctx, client); err != nil {
		slog.Warn("no Redis, so every thought takes its time", "error", err)
	}
	redistrace.WrapClient(client)
	return &cache{redis: client}
}

func options(addr string) *redis.Options {
	return &redis.Options{
		Addr:                  addr,
		PoolSize:              connections,
		ConnMaxIdleTime:       -1,
		MaxRetries:            -1,
		DialerRetries:         1,
		ContextTimeoutEnabled: true,
		Protocol:              2,    // with which connecting takes fewest commands:
		DisableIdentity:       true, // they would show in the traces
	}
}

// connect opens every connection that the client may use, before its commands
// are traced. One that is opened later, because Redis was away, shows in a trace.
func connect(ctx context.Context, client *redis.Client) error {
	for range connections {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		conn := client.Conn()
		defer conn.Close()
		if err := conn.Ping(ctx).Err(); err != nil {
			return err
		}
	}
	return nil
}

// untracedDial comes before the tracing hook, and dials without it: the client
// does so in the background, where each dial would be a trace of its own.
type untracedDial struct{}

func (untracedDial) DialHook(redis.DialHook) redis.DialHook {
	return (&net.Dialer{Timeout: patience}).DialContext
}
func (untracedDial) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }
func (untracedDial) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (c *cache) close() error { return c.redis.Close() }

// A memo is one request's use of the cache. Once Redis has failed it, or failed
// someone it waited for, the rest of the request does without.
type memo struct {
	*cache
	failed bool
}

// memoize returns what is remembered of a subject, or else what think returns,
// which is then remembered. Of those who miss the same subject at once one
// thinks; the others wait, and name its span in theirs.
func (m *memo) memoize(ctx context.Context, subject string, think func(context.Context) (*thought, error)) (*thought, error) {
	if t := m.get(ctx, subject); t != nil {
		return t, nil
	}
	type result struct {
		thought         *thought
		failed          bool // Redis failed who thought
		traceID, spanID uint64
	}
	span, _ := tracer.SpanFromContext(ctx)
	mine := false
	// Those whom Redis has failed wait only for each other: with them, nothing
	// more is asked of Redis.
	done := m.thinking.DoChan(strconv.FormatBool(m.failed)+" "+subject, func() (any, error) {
		mine = true
		ctx := context.WithoutCancel(ctx) // the others still wait when this request is cancelled
		t, err := think(ctx)
		if err == nil {
			m.set(ctx, subject, t)
		}
		return result{t, m.failed, span.Context().TraceID(), span.Context().SpanID()}, err
	})
	select {
	case shared := <-done:
		r := shared.Val.(result)
		m.failed = r.failed
		if !mine {
			span.SetTag("waited_for.trace_id", strconv.FormatUint(r.traceID, 10))
			span.SetTag("waited_for.span_id", strconv.FormatUint(r.spanID, 10))
		}
		return r.thought, shared.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// get returns nil for what is not remembered, or cannot be read.
func (m *memo) get(ctx context.Context, subject string) *thought {
	var value []byte
	m.ask(ctx, func(ctx context.Context) (err error) {
		value, err = m.redis.Get(ctx, keyPrefix+subject).Bytes()
		return err
	})
	var t thought
	if json.Unmarshal(value, &t) != nil || t.Quote == "" {
		return nil
	}
	return &t
}

func (m *memo) set(ctx context.Context, subject string, t *thought) {
	value, err := json.Marshal(t)
	if err != nil {
		logger(ctx).Error("cannot remember", "subject", subject, "error", err)
		return
	}
	m.ask(ctx, func(ctx context.Context) error {
		return m.redis.Set(ctx, keyPrefix+subject, value, lifetime).Err()
	})
}

// ask runs a command, unless one has failed this request before.
func (m *memo) ask(ctx context.Context, command func(context.Context) error) {
	if m.failed {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := command(ctx); err != nil && !errors.Is(err, redis.Nil) {
		m.failed = true
		logger(ctx).Warn("no help from Redis", "error", err)
	}
}
