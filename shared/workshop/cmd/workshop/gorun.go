package main

import (
	"context"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/shirou/gopsutil/v4/process"
)

// startedByGoRun reports whether go run started this program. Its path is then one
// in a cache that nobody types. The cache may have any name, so it checks the name
// of the parent process.
var startedByGoRun = sync.OnceValue(func() bool {
	name, err := (&process.Process{Pid: int32(os.Getppid())}).Name()
	return err == nil && strings.TrimSuffix(name, ".exe") == "go"
})

// endWithGoRun returns a context that also ends when go run, which started this
// program, is killed: go doesn't forward that signal. If another program started
// this one, it returns ctx. On Windows the parent's number stays, but a program is
// told when its parent ends.
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
