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

// toolchain looks for a Go that is new enough for the workspace. Where it is not,
// Go gets a newer one by itself, unless it has been told not to or cannot.
func (e *examination) toolchain() {
	const name = "Go"
	if e.Root == "" {
		e.unknown(name, "Not asked: this is not the workshop’s directory.")
		return
	}
	version, err := e.run("go", "env", "GOVERSION")
	if err == nil {
		_, err = e.run("go", "list", "-m") // which minds what the workspace asks for
	}
	switch {
	case errors.Is(err, exec.ErrNotFound):
		e.unknown(name, "There is no go command in the PATH: only docker-compose up works here.")
		return
	case err != nil && strings.Contains(firstLine(err), "requires go >="):
		e.broken(name, "Install a newer one from https://go.dev/dl/, or use docker-compose up.", "%s.", strings.TrimPrefix(firstLine(err), "go: "))
	case err != nil:
		e.broken(name, "Correct what it names: go env -changed lists your settings. Or use docker-compose up.", "%s.", strings.TrimPrefix(firstLine(err), "go: "))
	default:
		e.goHere = true
		e.holds(name, "%s is new enough for the workshop.", version)
	}
	if !e.Contained {
		e.goSettings(name)
	}
}

// goSettings names the settings that the workshop's builds ignore, and that other
// go commands in this directory obey.
func (e *examination) goSettings(name string) {
	for _, set := range runner.GoSettings(e.Root) {
		where, reset := "in this terminal", unset(set.Name)
		if set.Saved {
			where, reset = "by go env -w", "go env -u "+set.Name
		}
		e.unknown(name, "%.200s is set %s. workshop up and check build without it, but go run and other go commands here obey it: %s.", set, where, reset)
	}
	if missing := runner.MissingGoCaches(); len(missing) > 0 {
		e.unknown(name, "go has no directory for %s. workshop up and check use one in %s; for other go commands, set HOME to a directory that you may write to.",
			strings.Join(missing, " and "), runner.DataDir(e.Root))
	}
}

// run runs a command in the workshop's directory and returns what it printed. A
// go command has the environment of the workshop's builds, and the workspace.
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

// firstLine is what a command that failed said first.
func firstLine(err error) string {
	said := err.Error()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		said = cmp.Or(strings.TrimSpace(string(failed.Stderr)), said)
	}
	line, _, _ := strings.Cut(said, "\n")
	return strings.TrimSuffix(strings.TrimSpace(line), ".")
}
