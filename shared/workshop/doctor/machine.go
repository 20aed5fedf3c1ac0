package doctor

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"thinker/shared/workshop/runner"
)

// A machine is an examination of what is installed here.
type machine struct{ *examination }

// toolchain checks that Go is new enough for the workspace. An older Go downloads a
// newer one by itself, unless it may not or cannot.
func (m machine) toolchain() {
	const name = "Go"
	if m.Root == "" {
		m.skip(name, "Not checked, because this isn't the workshop's directory.")
		return
	}
	version, err := m.run("go", "env", "GOVERSION")
	if err == nil {
		_, err = m.run("go", "list", "-m") // which reads go.work
	}
	switch {
	case errors.Is(err, exec.ErrNotFound):
		m.skip(name, "There is no go command in the PATH, so only docker-compose works here.")
		return
	case err != nil:
		next := "Fix that setting (go env -changed lists yours), or use docker-compose up."
		if strings.Contains(firstLine(err), "requires go >=") {
			next = "Install a newer Go from https://go.dev/dl/, or use docker-compose up."
		}
		m.fail(name, next, "%s.", strings.TrimPrefix(firstLine(err), "go: "))
	default:
		m.goHere = true
		m.pass(name, "%s is new enough for the workshop.", version)
	}
	if !m.Contained {
		m.goSettings(name)
	}
}

// goSettings names the Go settings that the workshop's builds ignore, but other go
// commands in this directory don't.
func (m machine) goSettings(name string) {
	for _, set := range runner.GoSettings(m.Root) {
		where, reset := "in this terminal", unset(set.Name)
		if set.Saved {
			where, reset = "with go env -w", "go env -u "+set.Name
		}
		m.skip(name, "%.200s is set %s. workshop up and check ignore it, but go run and other go commands don't. "+
			"To remove it: %s", set, where, reset)
	}
	if missing := runner.MissingGoCaches(); len(missing) > 0 {
		m.skip(name, "Go has no directory for %s. workshop up and check use one in %s. For other go commands, "+
			"set HOME to a directory that you can write to.", strings.Join(missing, " and "), runner.DataDir(m.Root))
	}
}

// run runs a command in the workshop's directory and returns its output. A go command
// gets the environment of the workshop's builds, and the workspace.
func (m machine) run(name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(m.ctx, 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = m.Root
	cmd.Env = runner.GoEnv(m.Root)
	if work := filepath.Join(m.Root, "go.work"); !m.Contained {
		if _, err := os.Stat(work); err == nil {
			cmd.Env = append(cmd.Env, "GOWORK="+work)
		}
	}
	output, err := cmd.Output()
	return strings.TrimSpace(string(output)), err
}

// firstLine returns the first line of a failed command's output.
func firstLine(err error) string {
	printed := err.Error()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		printed = cmp.Or(strings.TrimSpace(string(failed.Stderr)), printed)
	}
	line, _, _ := strings.Cut(printed, "\n")
	return strings.TrimSuffix(strings.TrimSpace(line), ".")
}

// A container is one of the workshop's, as docker ps prints it.
type container struct {
	ID     string
	Names  string
	State  string // running, exited, …
	Status string // Up 3 minutes (healthy)
	Labels string // name=value, with commas between
}

func (c container) service() string {
	for label := range strings.SplitSeq(c.Labels, ",") {
		if service, ok := strings.CutPrefix(label, "com.docker.compose.service="); ok {
			return service
		}
	}
	return c.Names
}

// docker checks Docker, and the containers that docker-compose has started from this
// directory.
func (m machine) docker() {
	const name = "Docker"
	if m.Root == "" {
		m.skip(name, "Not checked, because this isn't the workshop's directory.")
		return
	}
	if m.Contained {
		m.skip(name, "Not visible from inside a container. To list what is running: docker-compose ps")
		return
	}
	_, err := m.run("docker", "version", "--format", "{{.Server.Version}}")
	switch {
	case errors.Is(err, exec.ErrNotFound) && m.goHere:
		m.skip(name, "Docker isn't installed. You don't need it, since Go is installed.")
	case errors.Is(err, exec.ErrNotFound):
		m.fail(name, "Install Go from https://go.dev/dl/, or Docker. You need only one of them.",
			"Docker isn't installed, and there is no suitable Go either.")
	case err != nil && m.goHere:
		m.skip(name, "The Docker engine isn't running. You don't need it, since Go is installed: %s.", firstLine(err))
	case err != nil:
		m.fail(name, "Start Docker, or install Go from https://go.dev/dl/.", "The Docker engine isn't running: %s.",
			firstLine(err))
	default:
		m.listContainers(name)
	}
}

func (m machine) listContainers(name string) {
	output, err := m.run("docker", "ps", "--all", "--no-trunc",
		"--filter", "label=com.docker.compose.project.working_dir="+m.Root, "--format", "{{json .}}")
	if err != nil {
		m.fail(name, "For more, run docker ps.", "Could not list the containers: %s.", firstLine(err))
		return
	}
	sound := true
	for line := range strings.Lines(output) {
		var c container
		if json.Unmarshal([]byte(line), &c) == nil {
			sound = m.container(name, c) && sound
		}
	}
	if m.containers > 0 && sound {
		m.pass(name, "All containers of the workshop are running.")
	} else if sound {
		m.skip(name, "Docker is running, without a container of the workshop.")
	}
}

// container reports whether a container is healthy. If not, it fails the check.
func (m machine) container(name string, c container) bool {
	switch {
	case c.State == "running" && !strings.Contains(c.Status, "unhealthy"):
		m.containers++
		return true
	case c.State == "exited" && strings.HasPrefix(c.Status, "Exited (0)"), c.State == "created":
		return true // stopped on purpose, or not started yet
	}
	last, _ := exec.CommandContext(m.ctx, "docker", "logs", "--tail", "1", c.ID).CombinedOutput() // may be empty
	m.fail(name, "For more: docker-compose logs "+c.service()+". To rebuild it: docker-compose up --build",
		"The %s container has failed (%s). Its last output: %.300s", c.service(), c.Status, strings.TrimSpace(string(last)))
	return false
}
