package main

import (
	"os"
	"strings"
	"sync"

	"github.com/shirou/gopsutil/v4/process"
)

// startedByGoRun reports whether go run started this program, which is then in a
// directory of go's that nobody types. A cache may have any name, so it asks for
// the parent's.
var startedByGoRun = sync.OnceValue(func() bool {
	parent, err := process.NewProcess(int32(os.Getppid()))
	if err != nil {
		return false
	}
	name, err := parent.Name()
	return err == nil && strings.TrimSuffix(name, ".exe") == "go"
})
