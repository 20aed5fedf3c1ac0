package doctor

import (
	"cmp"
	"context"
	"errors"
	"os/exec"
	"strings"
	"time"
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
	if errors.Is(err, exec.ErrNotFound) {
		e.unknown(name, "There is no go command in the PATH: only docker-compose up works here.")
	} else if err != nil {
		e.broken(name, "Install a newer one from https://go.dev/dl/, or use docker-compose up.", "%s.", strings.TrimPrefix(firstLine(err), "go: "))
	} else {
		e.goHere = true
		e.holds(name, "%s is new enough for the workshop.", version)
	}
}

// run runs a command in the workshop's directory and returns what it printed.
func (e *examination) run(name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(e.ctx, 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = e.Root
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
