package compose_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/client"
	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/need"
	"thinker/shared/workshop/runner"
)

// TestLessons sends each step's requests to its services in containers, and compares the
// responses and traces with the golden files and with what the lesson expects.
func TestLessons(t *testing.T) {
	for step := 1; step <= runner.Steps; step++ {
		t.Run(runner.StepName(step), func(t *testing.T) {
			t.Parallel()
			p := findDocker(t).project(t)
			p.up(step)
			p.checkPublishedPorts()

			played, err := (&client.Client{API: p.url("api", 5000)}).Play(need.Context(t), step)
			if err != nil {
				t.Fatal(err)
			}
			// A service that has stopped has sent every span it will ever send.
			p.compose("stop", "api", "thinker")
			p.checkEndedWell("api")
			p.checkEndedWell("thinker")
			traces, err := (&client.Client{Agent: p.url("agent", 8126)}).Traces(need.Context(t))
			if err != nil {
				t.Fatal(err)
			}
			if got, want := lesson.Transcript(lesson.Title(step), played, traces), lesson.Text(step); got != want {
				t.Errorf("%s shows (+) what it must not, or not what it must (-):\n%s", runner.StepName(step),
					difference(got, want))
			}
			for _, r := range lesson.Judge(step, lesson.Requested(played, traces)) {
				if r.State != lesson.Passed {
					t.Errorf("%s is not met: %+v", r.ID, r.Finding)
				}
			}
		})
	}
}

// TestCompose_AnotherStep switches to another step by changing only STEP. The agent keeps running, so
// that the traces of both steps can be compared.
func TestCompose_AnotherStep(t *testing.T) {
	t.Parallel()
	p := findDocker(t).project(t)
	p.up(1)
	agent := p.container("agent")
	p.up(3)
	for _, service := range []string{"api", "thinker"} {
		image := p.docker("inspect", "--format", "{{.Config.Image}}", p.container(service))
		if want := "thinker-workshop/" + service + ":step03"; image != want {
			t.Errorf("%s runs %s, want %s", service, image, want)
		}
	}
	if p.container("agent") != agent {
		t.Error("the agent was replaced: the traces of the first step are missing")
	}
}

// TestCompose_Down checks that only the volumes with thoughts and traces are left.
func TestCompose_Down(t *testing.T) {
	t.Parallel()
	p := findDocker(t).project(t)
	p.up(5)
	if _, err := (&client.Client{API: p.url("api", 5000)}).Play(need.Context(t), 1); err != nil {
		t.Fatal(err)
	}
	p.compose("down")
	if left := p.docker("ps", "--all", "--quiet", "--filter", "label=com.docker.compose.project="+p.name); left != "" {
		t.Errorf("containers are left: %s", left)
	}
	p.up(5)
	traces, err := (&client.Client{Agent: p.url("agent", 8126)}).Traces(need.Context(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(traces) == 0 {
		t.Error("the traces are missing")
	}
}

// TestCompose_UnknownStep checks that an unknown step prints one line with the steps, and does
// nothing.
func TestCompose_UnknownStep(t *testing.T) {
	docker := findDocker(t)
	for _, step := range []string{"9", "x", "3.5", ""} {
		t.Run("STEP="+step, func(t *testing.T) {
			output, err := docker.command(step, "--project-name", "workshop-test", "up").CombinedOutput()
			if line := strings.TrimSpace(string(output)); err == nil || strings.Contains(line, "\n") ||
				!strings.Contains(line, "STEP-is-1-to-5") {
				t.Errorf("want one line with STEP-is-1-to-5 and a failure, got %v:\n%s", err, output)
			}
		})
	}
}

// A docker runs docker-compose with free ports, in the directory of docker-compose.yml or of
// a copy.
type docker struct {
	root    string   // where docker-compose.yml is
	compose []string // the command
	ports   runner.Ports
}

// findDocker returns a docker with unused ports, so tests can run side by side. The first
// call builds all images.
func findDocker(t *testing.T) docker {
	t.Helper()
	root := checkout.Root(t)
	compose := need.Docker(t)
	ports := runner.Ports{API: need.Port(t), Thinker: need.Port(t), Agent: need.Port(t)}
	d := docker{root, compose, ports}
	images.Do(func() {
		for step := 1; step <= runner.Steps; step++ {
			d.build(t, step)
		}
		d.build(t, 1, "workshop")
	})
	return d
}

var images sync.Once

// command returns a docker-compose command for a step. Thinking takes little time, except in
// the step with a cache, where a hit must be much faster.
func (d docker) command(step string, args ...string) *exec.Cmd {
	delay := "50ms"
	if step == "5" {
		delay = "1s"
	}
	cmd := exec.Command(d.compose[0], append(d.compose[1:], args...)...)
	cmd.Dir = d.root
	cmd.Env = append(os.Environ(), "STEP="+step, "THINK_DELAY="+delay, fmt.Sprintf("API_PORT=%d", d.ports.API),
		fmt.Sprintf("THINKER_PORT=%d", d.ports.Thinker), fmt.Sprintf("AGENT_PORT=%d", d.ports.Agent))
	return cmd
}

// build builds the images of a step, or only those of the services.
func (d docker) build(t *testing.T, step int, services ...string) {
	t.Helper()
	if output,
		err := d.command(fmt.Sprint(step), append([]string{"build"}, services...)...).CombinedOutput(); err != nil {
		t.Fatalf("build the images of %s %s: %v\n%s", runner.StepName(step), services, err, output)
	}
}

// A project is a docker-compose project of one test, separate from all others on this
// machine.
type project struct {
	t      *testing.T
	engine docker
	name   string
	step   int // that was started last
}

// project returns a new project. When the test ends, it stops the containers, and prints
// their logs if the test has failed.
func (d docker) project(t *testing.T) *project {
	t.Helper()
	p := &project{t: t, engine: d, name: fmt.Sprintf("workshop-test-%d", time.Now().UnixNano()), step: 1}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the containers said:\n%s", p.compose("logs", "--no-color"))
		}
		p.compose("down", "--volumes", "--timeout", "0")
	})
	return p
}

// compose runs a docker-compose command and returns what it printed.
func (p *project) compose(args ...string) string {
	p.t.Helper()
	cmd := p.engine.command(fmt.Sprint(p.step), append([]string{"--project-name", p.name}, args...)...)
	return p.output(cmd)
}

// docker runs a docker command and returns what it printed.
func (p *project) docker(args ...string) string {
	p.t.Helper()
	return p.output(exec.Command("docker", args...))
}

// output returns a command's stdout. If the command fails, it prints stderr, which otherwise
// has only warnings.
func (p *project) output(cmd *exec.Cmd) string {
	p.t.Helper()
	var stderr strings.Builder
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		p.t.Errorf("%s: %v\n%s%s", strings.Join(cmd.Args, " "), err, output, stderr.String())
	}
	return strings.TrimSpace(string(output))
}

// up starts a step and waits until its api is healthy, which is last.
func (p *project) up(step int) {
	p.t.Helper()
	p.step = step
	p.compose("up", "--detach")
	api := p.container("api")
	ctx := need.Context(p.t)
	for tick := time.Tick(100 * time.Millisecond); ; <-tick {
		if ctx.Err() != nil {
			p.t.Fatal("the api does not become healthy")
		}
		switch health := p.docker("inspect", "--format", "{{.State.Status}}, {{.State.Health.Status}}", api); health {
		case "running, healthy":
			return
		case "running, starting": // docker gives up on it some day
		default:
			p.t.Fatalf("the api is %q", health)
		}
	}
}

// container returns the ID of a service's container, whether or not it runs.
func (p *project) container(service string) string {
	p.t.Helper()
	id := p.docker("ps", "--all", "--quiet", "--no-trunc",
		"--filter", "label=com.docker.compose.project="+p.name,
		"--filter", "label=com.docker.compose.service="+service)
	if id == "" || strings.Contains(id, "\n") {
		p.t.Fatalf("want one container of %s, have %q", service, id)
	}
	return id
}

// url returns the URL of a service's port on this machine.
func (p *project) url(service string, port int) string {
	p.t.Helper()
	return "http://" + p.compose("port", service, fmt.Sprint(port))
}

// checkPublishedPorts checks that the api, the thinker and the agent publish their ports, and
// only on this machine.
func (p *project) checkPublishedPorts() {
	p.t.Helper()
	for service, want := range map[string]string{"api": "5000/tcp", "thinker": "5001/tcp", "agent": "8126/tcp",
		"redis": ""} {
		var ports map[string][]struct{ HostIp string }
		inspected := p.docker("inspect", "--format", "{{json .NetworkSettings.Ports}}", p.container(service))
		if err := json.Unmarshal([]byte(inspected), &ports); err != nil {
			p.t.Fatal(err)
		}
		var published []string
		for port, addresses := range ports {
			for _, address := range addresses {
				published = append(published, address.HostIp+" "+port)
			}
		}
		if want != "" {
			want = "127.0.0.1 " + want
		}
		if got := strings.Join(published, ", "); got != want {
			p.t.Errorf("%s publishes %q, want %q", service, got, want)
		}
	}
}

// checkEndedWell checks that a stopped service exited with 0.
func (p *project) checkEndedWell(service string) {
	p.t.Helper()
	if state := p.docker("inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}",
		p.container(service)); state != "exited 0" {
		p.t.Errorf("%s has %s, want exited 0", service, state)
	}
}

// difference returns a text with the equal lines of two texts, and marks the others.
func difference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	var before, after []string
	for len(g) > 0 && len(w) > 0 && g[0] == w[0] {
		before, g, w = append(before, "  "+g[0]), g[1:], w[1:]
	}
	for len(g) > 0 && len(w) > 0 && g[len(g)-1] == w[len(w)-1] {
		after = append([]string{"  " + g[len(g)-1]}, after...)
		g, w = g[:len(g)-1], w[:len(w)-1]
	}
	return strings.Join(slices.Concat(before, mark("- ", w), mark("+ ", g), after), "\n")
}

func mark(sign string, lines []string) (marked []string) {
	for _, line := range lines {
		marked = append(marked, sign+line)
	}
	return marked
}
