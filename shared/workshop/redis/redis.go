// Package redis runs a Redis within this process, for steps that need one.
package redis

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
)

// A Redis is a server with Redis's protocol.
type Redis struct {
	server *miniredis.Miniredis
	stop   context.CancelFunc
}

// Start starts a Redis and advances its clock: miniredis doesn't do that itself.
func Start() (*Redis, error) {
	redis, err := miniredis.Run()
	if err != nil {
		return nil, fmt.Errorf("start a Redis: %w", err)
	}
	redis.Server().SetPreHook(func(client *server.Peer, command string, arguments ...string) bool {
		return refuseLong(client, command, arguments...) || acceptIdentity(client, command, arguments...)
	})
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		const tick = 50 * time.Millisecond
		for {
			select {
			case <-time.After(tick):
				redis.FastForward(tick)
			case <-ctx.Done():
				return
			}
		}
	}()
	return &Redis{redis, cancel}, nil
}

// maxCommand limits a command's arguments, in bytes, since stored values take this
// process's memory.
const maxCommand = 1 << 20

// refuseLong responds to a command that is too long with an error. It reports whether it
// responded.
func refuseLong(client *server.Peer, command string, arguments ...string) bool {
	size := 0
	for _, argument := range arguments {
		size += len(argument)
	}
	if size <= maxCommand {
		return false
	}
	client.WriteError(fmt.Sprintf("ERR %s has %d bytes of arguments; the workshop's Redis accepts up to 1 MiB",
		strings.ToUpper(command), size))
	return true
}

// acceptIdentity responds OK to the subcommands of CLIENT with which go-redis
// identifies itself on a new connection. miniredis doesn't know them, and its error
// would be a red span in a learner's trace. It reports whether it responded.
func acceptIdentity(client *server.Peer, command string, arguments ...string) bool {
	if !strings.EqualFold(command, "CLIENT") || len(arguments) == 0 {
		return false
	}
	switch strings.ToUpper(arguments[0]) {
	case "SETINFO", "MAINT_NOTIFICATIONS":
		client.WriteOK()
		return true
	}
	return false
}

// Addr returns the address that it listens on.
func (r *Redis) Addr() string { return r.server.Addr() }

// Close ends the Redis.
func (r *Redis) Close() {
	r.stop()
	r.server.Close()
}
