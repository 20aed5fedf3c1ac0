package main_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"thinker/shared/workshop/need"
)

// built is the directory of the command that the tests run.
var built string

func TestMain(m *testing.M) {
	flag.Parse()
	flag.Set("test.parallel", "4") // most tests wait for something else than the processor
	var err error
	if built, err = os.MkdirTemp("", "workshop-test-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(built)
	os.Exit(code)
}

// build builds the command, once for all tests.
var build = sync.OnceValues(func() (program string, err error) {
	program = filepath.Join(built, "workshop.exe")
	output, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, output)
	}
	return program, err
})

// workshop returns the path of the command.
func workshop(t *testing.T) string {
	t.Helper()
	program, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// TestWorkshop_Usage wants one line for wrong usage that says what to do next.
func TestWorkshop_Usage(t *testing.T) {
	program := workshop(t)
	for _, c := range []struct {
		arguments string
		code      int
		want      string
	}{
		{"thnik", 2, `workshop: unknown command "thnik". Did you mean think?`},
		{"destroy", 2, `workshop: unknown command "destroy". See workshop --help`},
		{"think", 2, "workshop: which subject? Add one or more: workshop think war"},
		{"up now", 2, `workshop: unexpected argument "now". See workshop up --help`},
		{"up --db x --memory", 2, "workshop: --db and --memory can't be used together"},
		{"status 2", 2, `workshop: unexpected argument "2". See workshop status --help`},
		{"--colour", 2, "workshop: unknown flag: --colour. See workshop --help"},
		{"--help", 0, "2  the command could not run"},
		{"completion bash", 0, "bash completion"},
	} {
		cmd := exec.CommandContext(need.Context(t), program, strings.Split(c.arguments, " ")...)
		output, _ := cmd.CombinedOutput()
		code := cmd.ProcessState.ExitCode()
		if code != c.code || !strings.Contains(string(output), c.want) || code != 0 && strings.Count(string(output), "\n") != 1 {
			t.Errorf("workshop %s exits with %d and says %s; want %d and %s", c.arguments, code, output, c.code, c.want)
		}
	}
}
