package main

import (
	"os"
	"strings"
	"sync"

	"github.com/shirou/gopsutil/v4/process"
)

// startedByGoRun reports whether go run started this program. Its path is then one
// in a cache that nobody types. The cache may have any name, so it checks the name
// of the parent process.
var startedByGoRun = sync.OnceValue(func() bool {
	parent, err := process.NewProcess(int32(os.Getppid()))
	if err != nil {
		return false
	}
	name, err := parent.Name()
	return err == nil && strings.TrimSuffix(name, ".exe") == "go"
})
