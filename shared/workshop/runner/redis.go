package runner

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
)

// A redis is a Redis within this process.
type redis struct {
	server *miniredis.Miniredis
	stop   context.CancelFunc
}

// startRedis starts a Redis, and moves its clock on, which it does not do by itself.
func startRedis() (*redis, error) {
	server, err := miniredis.Run()
	if err != nil {
		return nil, fmt.Errorf("start a Redis: %w", err)
	}
	server.Server().SetPreHook(refuseLong)
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

// longestCommand is how many bytes of arguments a command may have: what it stores
// takes this process's memory.
const longestCommand = 1 << 20

// refuseLong answers a command that is too long with an error. It reports whether
// it did.
func refuseLong(client *server.Peer, command string, arguments ...string) bool {
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

func (r *redis) close() {
	r.stop()
	r.server.Close()
}
