package runner

import (
	"context"
	"fmt"
	"time"

	"github.com/alicebob/miniredis/v2"
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

func (r *redis) close() {
	r.stop()
	r.server.Close()
}
