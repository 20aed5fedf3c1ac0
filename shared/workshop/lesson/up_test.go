package lesson_test

import (
	"os"
	"strings"
	"sync"
	"testing"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/need"
	"thinker/shared/workshop/runner"
)

// built is the directory of the services that the tests build and share.
var built string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "workshop")
	if err != nil {
		panic(err)
	}
	built = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// up starts a step on free ports, with the race detector if the test has it. The
// test's cleanup stops it, and fails if a service doesn't stop cleanly.
func up(t *testing.T, step int, redis string, env ...string) (*runner.Running, runner.Ports, *logs) {
	t.Helper()
	root := checkout.Root(t)
	ports := runner.Ports{API: need.Port(t), Thinker: need.Port(t)}
	logs := &logs{t: t}
	running, err := runner.Up(need.Context(t), runner.Options{
		Root: root, Target: runner.Target{Step: step}, Ports: ports, RedisAddr: redis, Race: race, Dir: built,
		Env:      append([]string{"THINK_DELAY=50ms"}, env...),
		Building: func(string) {},
		Log:      logs.add,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Stop(); err != nil {
			t.Error(err)
		}
	})
	return running, ports, logs
}

// logs are what the services have printed.
type logs struct {
	t     *testing.T
	mu    sync.Mutex
	lines []string
}

func (l *logs) add(service, line string) {
	l.t.Logf("%s: %s", service, line)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, service+": "+line)
}

func (l *logs) with(text string) (lines []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.lines {
		if strings.Contains(line, text) {
			lines = append(lines, line)
		}
	}
	return lines
}
