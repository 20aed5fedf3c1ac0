package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"
	redistrace "gopkg.in/DataDog/dd-trace-go.v1/contrib/redis/go-redis.v9"
)

// A redisCache stores thoughts in Redis. Without Redis, every thought is a miss.
type redisCache struct {
	client *redis.Client
}

// openCache connects before it wraps the client, so this connection has no spans.
func openCache(ctx context.Context, addr string, timeout time.Duration) *redisCache {
	client := redis.NewClient(&redis.Options{
		Addr:            addr,
		DialTimeout:     timeout,
		ReadTimeout:     timeout,
		MaxRetries:      -1,
		DialerRetries:   1,
		Protocol:        2,    // fewer commands, so fewer spans, for a new connection
		DisableIdentity: true, // likewise
	})
	if err := client.Ping(ctx).Err(); err != nil {
		slog.WarnContext(ctx, "no cache for now", "error", err)
	}
	redistrace.WrapClient(client)
	return &redisCache{client: client}
}

func (c *redisCache) close() error { return c.client.Close() }

// memoize returns the cached thought on a subject. If there is none, it calls think
// and caches the result for 30 seconds. It logs the errors of Redis.
func (c *redisCache) memoize(ctx context.Context, subject string, think func(context.Context, string) (*thought, error)) (*thought, error) {
	value, err := c.client.Get(ctx, "thought:"+subject).Bytes()
	if err != nil && !errors.Is(err, redis.Nil) {
		slog.WarnContext(ctx, "cannot read from the cache", "subject", subject, "error", err)
	}
	var cached thought
	if json.Unmarshal(value, &cached) == nil && cached.Quote != "" {
		return &cached, nil
	}

	found, err := think(ctx, subject)
	if err != nil {
		return nil, err
	}
	value, _ = json.Marshal(found) // text and a number: it can't fail
	if err := c.client.Set(ctx, "thought:"+subject, value, 30*time.Second).Err(); err != nil {
		slog.WarnContext(ctx, "cannot write to the cache", "subject", subject, "error", err)
	}
	return found, nil
}
