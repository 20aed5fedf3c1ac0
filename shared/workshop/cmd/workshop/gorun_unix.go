//go:build unix

package main

import (
	"context"
	"os"
	"time"
)

// endWithGoRun returns a context that also ends when go run, which started this
// program, is killed: go doesn't forward that signal. If another program started
// this one, it returns ctx.
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
