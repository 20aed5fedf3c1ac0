package doctor

import (
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
)

// A container is one that docker-compose made of the workshop.
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

// engine looks at Docker, and at the containers that docker-compose made of this
// directory.
func (e *examination) engine() {
	const name = "Docker"
	if e.Root == "" {
		e.unknown(name, "Not asked: this is not the workshop’s directory.")
		return
	}
	if e.Contained {
		e.unknown(name, "Not seen from inside a container: docker-compose ps lists what runs.")
		return
	}
	_, err := e.run("docker", "version", "--format", "{{.Server.Version}}")
	switch {
	case errors.Is(err, exec.ErrNotFound) && e.goHere:
		e.unknown(name, "It is not installed, and not needed: Go is here.")
		return
	case errors.Is(err, exec.ErrNotFound):
		e.broken(name, "Install Go from https://go.dev/dl/ or Docker: either alone will do.", "It is not installed, and Go is of no use either.")
		return
	case err != nil && e.goHere:
		e.unknown(name, "The engine does not run, and is not needed, as Go is here: %s.", firstLine(err))
		return
	case err != nil:
		e.broken(name, "Start Docker, or install Go from https://go.dev/dl/.", "The engine does not run: %s.", firstLine(err))
		return
	}
	output, err := e.run("docker", "ps", "--all", "--no-trunc", "--filter", "label=com.docker.compose.project.working_dir="+e.Root, "--format", "{{json .}}")
	if err != nil {
		e.broken(name, "docker ps says more.", "Its containers cannot be listed: %s.", firstLine(err))
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
		e.holds(name, "All containers of the workshop run.")
	} else if sound {
		e.unknown(name, "The engine runs, and no container of the workshop.")
	}
}

// container tells whether one is as it should be, and says so where it is not.
func (e *examination) container(name string, c container) bool {
	switch {
	case c.State == "running" && !strings.Contains(c.Status, "unhealthy"):
		if env, err := e.run("docker", "inspect", "--format", "{{json .Config.Env}}", c.ID); err == nil {
			_ = json.Unmarshal([]byte(env), &c.env) // what is no JSON is no environment
		}
		e.containers = append(e.containers, c)
		return true
	case c.State == "exited" && strings.HasPrefix(c.Status, "Exited (0)"), c.State == "created":
		return true // it was stopped, or has not been started
	}
	last, _ := exec.CommandContext(e.ctx, "docker", "logs", "--tail", "1", c.ID).CombinedOutput() // it may have said nothing
	e.broken(name, "docker-compose logs "+c.service()+" says more; docker-compose up --build makes it anew.",
		"The container of %s is not well (%s); the last it said was: %.300s", c.service(), c.Status, strings.TrimSpace(string(last)))
	return false
}
