package doctor

import (
	"cmp"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"thinker/shared/workshop/runner"
)

// toolchain checks that Go is new enough for the workspace. An older Go downloads a
// newer one by itself, unless it may not or cannot.
func (e *examination) toolchain() {
	const name = "Go"
	if e.Root == "" {
		e.skip(name, "Not checked, because this isn't the workshop's directory.")
		return
	}
	version, err := e.run("go", "env", "GOVERSION")
	if err == nil {
		_, err = e.run("go", "list", "-m") // which reads go.work
	}
	switch {
	case errors.Is(err, exec.ErrNotFound):
		e.skip(name, "There is no go command in the PATH, so only docker-compose works here.")
		return
	case err != nil && strings.Contains(firstLine(err), "requires go >="):
		e.fail(name, "Install a newer Go from https://go.dev/dl/, or use docker-compose up.", "%s.", strings.TrimPrefix(firstLine(err), "go: "))
	case err != nil:
		e.fail(name, "Fix that setting (go env -changed lists yours), or use docker-compose up.", "%s.", strings.TrimPrefix(firstLine(err), "go: "))
	default:
		e.goHere = true
		e.pass(name, "%s is new enough for the workshop.", version)
	}
	if !e.Contained {
		e.goSettings(name)
	}
}

// goSettings names the Go settings that the workshop's builds ignore, but other go
// commands in this directory don't.
func (e *examination) goSettings(name string) {
	for _, set := range runner.GoSettings(e.Root) {
		where, reset := "in this terminal", unset(set.Name)
		if set.Saved {
			where, reset = "with go env -w", "go env -u "+set.Name
		}
		e.skip(name, "%.200s is set %s. workshop up and check ignore it, but go run and other go commands don't. To remove it: %s", set, where, reset)
	}
	if missing := runner.MissingGoCaches(); len(missing) > 0 {
		e.skip(name, "Go has no directory for %s. workshop up and check use one in %s. For other go commands, set HOME to a directory that you can write to.",
			strings.Join(missing, " and "), runner.DataDir(e.Root))
	}
}

// run runs a command in the workshop's directory and returns its output. A go command
// gets the environment of the workshop's builds, and the workspace.
func (e *examination) run(name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(e.ctx, 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = e.Root
	cmd.Env = runner.GoEnv(e.Root)
	if work := filepath.Join(e.Root, "go.work"); !e.Contained {
		if _, err := os.Stat(work); err == nil {
			cmd.Env = append(cmd.Env, "GOWORK="+work)
		}
	}
	output, err := cmd.Output()
	return strings.TrimSpace(string(output)), err
}

// firstLine returns the first line of a failed command's output.
func firstLine(err error) string {
	said := err.Error()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		said = cmp.Or(strings.TrimSpace(string(failed.Stderr)), said)
	}
	line, _, _ := strings.Cut(said, "\n")
	return strings.TrimSuffix(strings.TrimSpace(line), ".")
}
