package runner

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2"
	redisserver "github.com/alicebob/miniredis/v2/server"
)

// A redis is a Redis within this process.
type redis struct {
	server *miniredis.Miniredis
	stop   context.CancelFunc
}

// startRedis starts a Redis and advances its clock: miniredis doesn't do that itself.
func startRedis() (*redis, error) {
	server, err := miniredis.Run()
	if err != nil {
		return nil, fmt.Errorf("start a Redis: %w", err)
	}
	server.Server().SetPreHook(func(client *redisserver.Peer, command string, arguments ...string) bool {
		return refuseLong(client, command, arguments...) || acceptIdentity(client, command, arguments...)
	})
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		const tick = 50 * time.Millisecond
		for {
			select {
			case <-time.After(tick):
				server.FastForward(tick)
			case <-ctx.Done():
				return
			}
		}
	}()
	return &redis{server, cancel}, nil
}

// longestCommand limits a command's arguments, in bytes: stored values use this
// process's memory.
const longestCommand = 1 << 20

// refuseLong responds to a command that is too long with an error. It reports whether
// it did.
func refuseLong(client *redisserver.Peer, command string, arguments ...string) bool {
	size := 0
	for _, argument := range arguments {
		size += len(argument)
	}
	if size <= longestCommand {
		return false
	}
	client.WriteError(fmt.Sprintf("ERR %s has %d bytes of arguments; the workshop's Redis accepts up to 1 MiB", strings.ToUpper(command), size))
	return true
}

// acceptIdentity responds OK to the subcommands of CLIENT with which go-redis
// identifies itself on a new connection. miniredis doesn't know them, and its error
// would be a red span in a learner's trace. It reports whether it responded.
func acceptIdentity(client *redisserver.Peer, command string, arguments ...string) bool {
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

func (r *redis) close() {
	r.stop()
	r.server.Close()
}
