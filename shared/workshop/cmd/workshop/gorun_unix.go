//go:build unix

package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// endWithGoRun returns a context that ends when the go command that has started
// this program by go run is killed: go does not pass that on. Where another
// program has started this one, the context is ctx.
func endWithGoRun(ctx context.Context) context.Context {
	parent := os.Getppid()
	name, err := exec.CommandContext(ctx, "ps", "-o", "comm=", "-p", strconv.Itoa(parent)).Output()
	if err != nil || filepath.Base(strings.TrimSpace(string(name))) != "go" {
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
