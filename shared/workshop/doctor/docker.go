package doctor

import (
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
)

// A container is one of the workshop's, created by docker-compose.
type container struct {
	ID     string
	Names  string
	State  string // running, exited, …
	Status string // Up 3 minutes (healthy)
	Labels string // name=value, with commas between
	env    []string
}

func (c container) service() string {
	for label := range strings.SplitSeq(c.Labels, ",") {
		if service, ok := strings.CutPrefix(label, "com.docker.compose.service="); ok {
			return service
		}
	}
	return c.Names
}

// engine checks Docker, and the containers that docker-compose has started from this
// directory.
func (e *examination) engine() {
	const name = "Docker"
	if e.Root == "" {
		e.skip(name, "Not checked, because this isn't the workshop's directory.")
		return
	}
	if e.Contained {
		e.skip(name, "Not visible from inside a container. To list what is running: docker-compose ps")
		return
	}
	_, err := e.run("docker", "version", "--format", "{{.Server.Version}}")
	switch {
	case errors.Is(err, exec.ErrNotFound) && e.goHere:
		e.skip(name, "Docker isn't installed. You don't need it, since Go is installed.")
		return
	case errors.Is(err, exec.ErrNotFound):
		e.fail(name, "Install Go from https://go.dev/dl/, or Docker. You need only one of them.", "Docker isn't installed, and there is no suitable Go either.")
		return
	case err != nil && e.goHere:
		e.skip(name, "The Docker engine isn't running. You don't need it, since Go is installed: %s.", firstLine(err))
		return
	case err != nil:
		e.fail(name, "Start Docker, or install Go from https://go.dev/dl/.", "The Docker engine isn't running: %s.", firstLine(err))
		return
	}
	output, err := e.run("docker", "ps", "--all", "--no-trunc", "--filter", "label=com.docker.compose.project.working_dir="+e.Root, "--format", "{{json .}}")
	if err != nil {
		e.fail(name, "For more, run docker ps.", "Could not list the containers: %s.", firstLine(err))
		return
	}
	sound := true
	for line := range strings.Lines(output) {
		var c container
		if json.Unmarshal([]byte(line), &c) == nil {
			sound = e.container(name, c) && sound
		}
	}
	if len(e.containers) > 0 && sound {
		e.pass(name, "All containers of the workshop are running.")
	} else if sound {
		e.skip(name, "Docker is running, without a container of the workshop.")
	}
}

// container reports whether a container is healthy. If not, it fails the check.
func (e *examination) container(name string, c container) bool {
	switch {
	case c.State == "running" && !strings.Contains(c.Status, "unhealthy"):
		if env, err := e.run("docker", "inspect", "--format", "{{json .Config.Env}}", c.ID); err == nil {
			_ = json.Unmarshal([]byte(env), &c.env) // without JSON there is no environment
		}
		e.containers = append(e.containers, c)
		return true
	case c.State == "exited" && strings.HasPrefix(c.Status, "Exited (0)"), c.State == "created":
		return true // stopped on purpose, or not started yet
	}
	last, _ := exec.CommandContext(e.ctx, "docker", "logs", "--tail", "1", c.ID).CombinedOutput() // it may have printed nothing
	e.fail(name, "For more: docker-compose logs "+c.service()+". To rebuild it: docker-compose up --build",
		"The %s container has failed (%s). Its last output: %.300s", c.service(), c.Status, strings.TrimSpace(string(last)))
	return false
}
