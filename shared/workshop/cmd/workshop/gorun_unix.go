//go:build unix

package main

import (
	"context"
	"os"
	"time"
)

// endWithGoRun returns a context that ends when the go command that has started
// this program by go run is killed: go does not pass that on. Where another
// program has started this one, the context is ctx.
func endWithGoRun(ctx context.Context) context.Context {
	parent := os.Getppid()
	if !startedByGoRun() {
		return ctx
	}
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		for os.Getppid() == parent {
			time.Sleep(200 * time.Millisecond)
		}
		cancel()
	}()
	return ctx
}
