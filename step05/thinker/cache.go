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
	client := redis.NewClient(&redis.Options{
		Addr:                  addr,
		PoolSize:              connections,
		ConnMaxIdleTime:       -1,
		MaxRetries:            -1,
		DialerRetries:         1,
		ContextTimeoutEnabled: true,
		Protocol:              2,    // with which connecting takes fewest commands:
		DisableIdentity:       true, // they would show in the traces
	})
	client.AddHook(untracedDial{})
	if err := connectAll(ctx, client); err != nil {
		slog.Warn("no Redis, so every thought takes its time", "error", err)
	}
	redistrace.WrapClient(client)
	return &cache{redis: client}
}

// connectAll opens every connection that the client will use, before tracing
// begins: connecting is then in nobody's trace.
func connectAll(ctx context.Context, client *redis.Client) error {
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

// untracedDial comes before the tracing hook and leaves it out where the client
// connects, which it does on its own time and not on a request's.
type untracedDial struct{}

func (untracedDial) DialHook(redis.DialHook) redis.DialHook {
	return (&net.Dialer{Timeout: patience}).DialContext
}
func (untracedDial) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }
func (untracedDial) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (c *cache) close() error { return c.redis.Close() }

// A memo is one request's use of the cache. Once Redis has failed it, the rest
// of the request does without.
type memo struct {
	*cache
	failed bool
}

// memoize returns what is remembered of a subject, or else what think returns,
// which is then remembered. Of those who miss the same subject at once one
// thinks; the others wait, and name its trace in their span.
func (m *memo) memoize(ctx context.Context, subject string, think func(context.Context) (*thought, error)) (*thought, error) {
	if t := m.get(ctx, subject); t != nil {
		return t, nil
	}
	span, _ := tracer.SpanFromContext(ctx)
	traceID := strconv.FormatUint(span.Context().TraceID(), 10)
	type result struct {
		thought *thought
		traceID string
	}
	done := m.thinking.DoChan(subject, func() (any, error) {
		ctx := context.WithoutCancel(ctx) // the others still wait when this request is cancelled
		t, err := think(ctx)
		if err == nil {
			m.set(ctx, subject, t)
		}
		return result{t, traceID}, err
	})
	select {
	case shared := <-done:
		r := shared.Val.(result)
		if r.traceID != traceID {
			span.SetTag("waited_for.trace_id", r.traceID)
		}
		return r.thought, shared.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// get returns nil for what is not remembered, or cannot be read.
func (m *memo) get(ctx context.Context, subject string) *thought {
	var t *thought
	m.ask(ctx, func(ctx context.Context) error {
		value, err := m.redis.Get(ctx, keyPrefix+subject).Bytes()
		if err != nil {
			return err
		}
		return json.Unmarshal(value, &t)
	})
	return t
}

func (m *memo) set(ctx context.Context, subject string, t *thought) {
	m.ask(ctx, func(ctx context.Context) error {
		value, err := json.Marshal(t)
		if err != nil {
			return err
		}
		return m.redis.Set(ctx, keyPrefix+subject, value, lifetime).Err()
	})
}

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
