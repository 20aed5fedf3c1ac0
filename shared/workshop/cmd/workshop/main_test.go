package main_test

import (
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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

// run runs the command in a directory, with additional variables. In its output, WORKSHOP
// stands for the name of the program.
func run(t *testing.T, dir string, env []string, arguments ...string) (output string, code int) {
	t.Helper()
	program := workshop(t)
	cmd := exec.CommandContext(need.Context(t), program, arguments...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	said, _ := cmd.CombinedOutput()
	return filepath.ToSlash(strings.ReplaceAll(string(said), program, "WORKSHOP")), cmd.ProcessState.ExitCode()
}

var (
	bars  = regexp.MustCompile(` *▇+ *`)
	times = regexp.MustCompile(`\b[\d.]+ (ms|µs|s)\b`)
	hosts = regexp.MustCompile(`localhost:\d+`)
	ids   = regexp.MustCompile(`\b\d{12,}\b`)
)

// normal removes the parts of text that differ from run to run.
func normal(text string) string {
	text = bars.ReplaceAllString(text, " BAR ")
	text = times.ReplaceAllString(text, "N ms")
	text = hosts.ReplaceAllString(text, "localhost:PORT")
	return ids.ReplaceAllString(text, "ID")
}

// A call is one call of the command.
type call struct {
	arguments string
	code      int
	want      []string // in the output, in this order
}

// check makes the call in a directory and returns its output.
func (c call) check(t *testing.T, dir string, env ...string) string {
	t.Helper()
	output, code := run(t, dir, env, strings.Fields(c.arguments)...)
	rest := output
	for _, want := range c.want {
		_, after, found := strings.Cut(rest, want)
		if !found {
			t.Errorf("workshop %s prints\n%s\nwithout, in its place, %q", c.arguments, output, want)
			break
		}
		rest = after
	}
	if code != c.code {
		t.Errorf("workshop %s exits with %d, want %d", c.arguments, code, c.code)
	}
	return output
}

// freePorts returns three ports, and the flags that choose them.
func freePorts(t *testing.T) (api, thinker, agent string, flags []string) {
	t.Helper()
	api, thinker, agent = fmt.Sprint(need.Port(t)), fmt.Sprint(need.Port(t)), fmt.Sprint(need.Port(t))
	return api, thinker, agent, []string{"--api-port", api, "--thinker-port", thinker, "--agent-port", agent}
}

// TestWorkshop_Usage wants one line for wrong usage that says what to do next.
func TestWorkshop_Usage(t *testing.T) {
	taken, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := fmt.Sprint(taken.Addr().(*net.TCPAddr).Port)
	api, thinker, agent, _ := freePorts(t)
	env := []string{"API_PORT=" + api, "THINKER_PORT=" + thinker, "AGENT_PORT=" + agent}
	inUse := "port " + port + " is already in use. Stop the program that uses it, or choose another port: "
	for _, c := range []struct {
		arguments, want string
	}{
		{"thnik", `workshop: unknown command "thnik". Did you mean think?`},
		{"destroy", `workshop: unknown command "destroy". See workshop --help`},
		{"down", `unknown command "down". See workshop --help`},
		{"think", "workshop: which subject? Add one or more: workshop think war"},
		{"status 2", `workshop: unexpected argument "2". See workshop status --help`},
		{"--colour", "workshop: unknown flag: --colour. See workshop --help"},
		{"up now", `workshop: unexpected argument "now". See workshop up --help`},
		{"up 3", `unexpected argument "3". Did you mean workshop up --step 3?`},
		{"up --db x --memory", "workshop: --db and --memory can't be used together"},
		{"up --step 9", `invalid argument "9" for "--step" flag: use a number from 1 to 5`},
		{"up --step x", `invalid argument "x" for "--step" flag: use a number from 1 to 5`},
		{"up --setp 1", "unknown flag: --setp. See workshop up --help"},
		{"up --api-port " + port, inUse + "--api-port "},
		{"up --thinker-port " + port, inUse + "--thinker-port "},
		{"up --agent-port " + port, inUse + "--agent-port "},
		{"up --api-port 70000", "--api-port 70000 is not a port"},
		{"up --api-port " + thinker, "--api-port and --thinker-port are both " + thinker},
	} {
		output := call{c.arguments, 2, []string{c.want}}.check(t, ".", env...)
		if strings.Count(output, "\n") != 1 {
			t.Errorf("workshop %s prints more than one line:\n%s", c.arguments, output)
		}
	}
	elsewhere := "isn't inside the workshop. Change to the directory that contains step01"
	call{"up", 2, []string{elsewhere}}.check(t, t.TempDir(), env...)
	variable := "workshop: API_PORT=\"5o5o\" is not a port. Use a number from 1 to 65535\n"
	if output := (call{arguments: "up", code: 2}).check(t, ".", "API_PORT=5o5o"); output != variable {
		t.Errorf("with a wrong variable, it prints %s, want %s", output, variable)
	}
	call{"--help", 0, []string{"2  the command could not run"}}.check(t, ".")
	call{"completion bash", 0, []string{"bash completion"}}.check(t, ".")
}
