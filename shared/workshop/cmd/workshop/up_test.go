package main_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/need"
)

func TestUp_WrongUsage(t *testing.T) {
	taken, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := fmt.Sprint(taken.Addr().(*net.TCPAddr).Port)
	thinker := fmt.Sprint(need.Port(t))
	for variable, free := range map[string]string{"API_PORT": fmt.Sprint(need.Port(t)), "THINKER_PORT": thinker, "AGENT_PORT": fmt.Sprint(need.Port(t))} {
		t.Setenv(variable, free)
	}
	program := workshop(t)
	root := checkout.Root(t)

	for _, c := range []struct {
		arguments []string
		dir, want string
	}{
		{[]string{"up", "--step", "9"}, root, `invalid argument "9" for "--step" flag: use a number from 1 to 5`},
		{[]string{"up", "--step", "x"}, root, `invalid argument "x" for "--step" flag: use a number from 1 to 5`},
		{[]string{"up", "--setp", "1"}, root, "unknown flag: --setp. See workshop up --help"},
		{[]string{"up", "3"}, root, `unexpected argument "3". Did you mean workshop up --step 3?`},
		{[]string{"down"}, root, `unknown command "down". See workshop --help`},
		{[]string{"up", "--api-port", port}, root, "port " + port + " is already in use. Stop the program that uses it, or choose another port: --api-port "},
		{[]string{"up", "--thinker-port", port}, root, "port " + port + " is already in use. Stop the program that uses it, or choose another port: --thinker-port "},
		{[]string{"up", "--agent-port", port}, root, "port " + port + " is already in use. Stop the program that uses it, or choose another port: --agent-port "},
		{[]string{"up", "--api-port", "70000"}, root, "--api-port 70000 is not a port"},
		{[]string{"up", "--api-port", thinker}, root, "--api-port and --thinker-port are both " + thinker},
		{[]string{"up"}, t.TempDir(), "isn't inside the workshop. Change to the directory that contains step01"},
	} {
		cmd := exec.CommandContext(need.Context(t), program, c.arguments...)
		cmd.Dir = c.dir
		output, _ := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != 2 || !strings.Contains(string(output), c.want) || strings.Count(string(output), "\n") != 1 {
			t.Errorf("workshop %s exits with %d and says %s; want 2 and one line with %s", strings.Join(c.arguments, " "), code, output, c.want)
		}
	}
}

// TestUp_CompileError uses a copy of the workshop in which step02 is broken.
func TestUp_CompileError(t *testing.T) {
	root := checkout.Root(t)
	copied := t.TempDir()
	for _, dir := range []string{"step01", "step02", "shared/serve"} {
		if err := os.CopyFS(filepath.Join(copied, dir), os.DirFS(filepath.Join(root, dir))); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range map[string]string{
		"shared/go.mod":           "module thinker/shared\n\ngo 1.26.0\n",
		"step02/api/broken.go":    "package main\n\nfunc broken() { undefined() }\n",
		"step02/thinker/clash.go": "package main\n\nfunc main() {}\n",
	} {
		checkout.Write(t, filepath.Join(copied, name), content)
	}
	cmd := exec.CommandContext(need.Context(t), workshop(t), "up", "--step", "2", "--api-port", fmt.Sprint(need.Port(t)), "--thinker-port", fmt.Sprint(need.Port(t)), "--agent-port", fmt.Sprint(need.Port(t)))
	cmd.Dir = copied
	output, _ := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != 2 {
		t.Errorf("exits with %d, want 2", code)
	}
	for _, must := range []string{"step02 does not build:\n", "broken.go:3:17: undefined: undefined\n", "main redeclared in this block\n"} {
		if !strings.Contains(filepath.ToSlash(string(output)), must) {
			t.Errorf("it says\n%s\nwithout %q", output, must)
		}
	}
}

// TestPorts_WrongVariable wants the error to name the variable.
func TestPorts_WrongVariable(t *testing.T) {
	t.Setenv("API_PORT", "5o5o")
	out, err := exec.CommandContext(need.Context(t), workshop(t), "up").CombinedOutput()
	if want := "workshop: API_PORT=\"5o5o\" is not a port. Use a number from 1 to 65535\n"; string(out) != want || err == nil {
		t.Errorf("it says %s and ends with %v, want %q", out, err, want)
	}
}
