package doctor

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"thinker/shared/apm/agent"
	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/client"
	"thinker/shared/workshop/need"
	"thinker/shared/workshop/runner"
	"thinker/shared/workshop/workspace"
)

// examine runs the checks of the machine, for a workshop in a directory.
func examine(t *testing.T, root string) string {
	t.Helper()
	w := &world{t: t, agent: startAgent(t, agent.Config{}), options: Options{Root: root, Client: &client.Client{}}}
	e := &examination{Options: w.options, ctx: need.Context(t)}
	e.toolchain()
	e.engine()
	return w.diagnosis(e.checks)
}

// TestExamine_OldGo uses a workspace that requires a newer Go than the installed one.
func TestExamine_OldGo(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "go.work"), []byte("go 1.99.0\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOTOOLCHAIN", "local")
	t.Setenv("GOWORK", "")
	if got, want := examine(t, root), "failed  Go: go.work requires go >= 1.99.0 (running go"; !strings.HasPrefix(got, want) {
		t.Errorf("it finds\n%s\nwant\n%s", got, want)
	}
}

func TestExamine_NeitherGoNorDocker(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	compare(t, "testdata/machine-without-both.txt", examine(t, t.TempDir()))
}

// TestExamine_NoDockerEngine points the real docker command to an engine that doesn't
// exist.
func TestExamine_NoDockerEngine(t *testing.T) {
	docker := need.Program(t, "docker")
	t.Setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
	if got := examine(t, t.TempDir()); !strings.Contains(got, "skipped Docker: The Docker engine isn't running. You don't need it, since Go is installed: ") || !strings.Contains(got, "/nowhere/docker.sock") {
		t.Errorf("with Go it finds\n%s", got)
	}
	path := t.TempDir()
	if err := os.Symlink(docker, filepath.Join(path, "docker")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", path)
	if got := examine(t, t.TempDir()); !strings.Contains(got, "failed  Docker: The Docker engine isn't running: ") || !strings.Contains(got, "→ Start Docker, or install Go") {
		t.Errorf("without Go it finds\n%s", got)
	}
}

// workshopContainer returns a function that starts a container with a script, labelled
// as docker-compose labels a service of a workshop's directory.
func workshopContainer(t *testing.T) func(root, service, how, script string, env ...string) {
	t.Helper()
	docker := need.Program(t, "docker")
	root, err := runner.FindRoot(".")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`image: (redis:\S+)`).FindStringSubmatch(checkout.Read(t, filepath.Join(root, "docker-compose.yml")))
	if found == nil {
		t.Fatal("docker-compose.yml names no image of Redis")
	}
	image := found[1] // which the workshop has in any case
	if output, err := exec.CommandContext(need.Context(t), docker, "image", "inspect", image).CombinedOutput(); err != nil {
		need.Missing(t, "the engine has no image %s: %s", image, strings.TrimSpace(string(output)))
	}
	return func(root, service, how, script string, env ...string) {
		t.Helper()
		create := []string{"create", "--label", "com.docker.compose.project.working_dir=" + root, "--label", "com.docker.compose.service=" + service, "--entrypoint", "sh"}
		for _, setting := range env {
			create = append(create, "--env", setting)
		}
		output, err := exec.CommandContext(need.Context(t), docker, append(create, image, "-c", script)...).Output()
		id := strings.TrimSpace(string(output))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { exec.Command(docker, "rm", "--force", "--volumes", id).Run() })
		start := exec.CommandContext(need.Context(t), docker, "start", id)
		if how == "--attach" {
			start.Args = append(start.Args, how)
		}
		start.Run() // some scripts fail on purpose
	}
}

// TestExamine_FailedContainer starts a container like docker-compose's that ends by
// itself.
func TestExamine_FailedContainer(t *testing.T) {
	run, root := workshopContainer(t), t.TempDir()
	run(root, "thinker", "--attach", "exit 0")
	if got := examine(t, root); !strings.Contains(got, "skipped Docker: Docker is running, without a container of the workshop.\n") {
		t.Errorf("for a stopped container, it finds\n%s", got)
	}
	run(root, "api", "--attach", "echo begins; echo no luck; exit 3")
	got := examine(t, root)
	for _, want := range []string{"failed  Docker: The api container has failed (Exited (3) ", "Its last output: no luck\n", "→ For more: docker-compose logs api. To rebuild it: docker-compose up --build"} {
		if !strings.Contains(got, want) {
			t.Errorf("it finds\n%s\nwithout %s", got, want)
		}
	}
}

// TestExamine_RunningTwice runs a container of the workshop beside a step started
// without Docker.
func TestExamine_RunningTwice(t *testing.T) {
	container := workshopContainer(t)
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	container(root, "api", "--detach", "sleep 60")
	w := newWorld(t, buildSteps(t, 1))
	w.start(1)
	w.options.Root = root
	want := "failed  Docker: The workshop is running twice: in containers, and without them as api (process N) at http://localhost:5000.\n        → Stop one of them: docker-compose down, or Ctrl-C"
	if got := w.diagnosis(Examine(need.Context(t), w.options)); !strings.Contains(got, want) {
		t.Errorf("it finds\n%s\nwithout\n%s", got, want)
	}
}

func TestExamine_ContainerEnvironment(t *testing.T) {
	container, root := workshopContainer(t), t.TempDir()
	container(root, "api", "--detach", "sleep 60", "HTTP_PROXY=http://proxy:3128", "NO_PROXY=agent,example.org")
	container(root, "thinker", "--detach", "sleep 60", "DD_TRACE_ENABLED=false")
	w := &world{t: t, agent: startAgent(t, agent.Config{}), options: Options{Root: root, Client: &client.Client{API: "http://localhost:1"}}}
	e := &examination{Options: w.options, ctx: need.Context(t)}
	e.engine()
	e.environment()
	e.proxies()
	compare(t, "testdata/machine-containers.txt", w.diagnosis(e.checks))
}

// TestExamine_InContainer uses services that have names on a network.
func TestExamine_InContainer(t *testing.T) {
	w := &world{t: t, agent: startAgent(t, agent.Config{}), options: Options{
		Client: &client.Client{API: "http://api:5000", Agent: "http://agent:8126"},
		Env:    []string{"http_proxy=http://proxy:3128", "no_proxy=localhost,api,.agent", "DD_TRACE_ENABLED=false"},
	}}
	e := &examination{Options: w.options, ctx: need.Context(t), agent: true}
	e.environment()
	e.destination()
	e.proxies()
	compare(t, "testdata/machine-within-a-container.txt", w.diagnosis(e.checks))
}

// TestExamine_Interrupted wants no results for checks that didn't run.
func TestExamine_Interrupted(t *testing.T) {
	ctx, stop := context.WithCancel(need.Context(t))
	stop()
	if links := Examine(ctx, Options{Client: &client.Client{API: "http://localhost:1", Agent: "http://localhost:1"}, Probe: true}); len(links) != 0 {
		t.Errorf("%+v", links)
	}
}

// TestExamine_CompileError uses a real workshop whose code doesn't compile.
func TestExamine_CompileError(t *testing.T) {
	root, err := runner.FindRoot(".")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "mine")
	if err := workspace.Write(root, 2, dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "api", "broken.go"), []byte("package main\n\nfunc broken() { undefined() }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	ports := runner.Ports{API: need.Port(t), Thinker: need.Port(t), Agent: need.Port(t)}
	up, err := runner.Open(need.Context(t), runner.Options{Root: root, Dir: t.TempDir(), Ports: ports, Target: runner.Target{Step: 2, Dir: dir},
		Building: func(string) {}, Log: func(string, string) {}})
	if err != nil {
		t.Fatal(err)
	}
	defer up.Close()
	changed := up.Changed(need.Context(t))
	for up.State().Phase != runner.Failed {
		<-changed
	}
	at := func(port int) string { return fmt.Sprintf("http://localhost:%d", port) }
	links := Examine(need.Context(t), Options{Client: &client.Client{API: at(ports.API), Agent: at(ports.Agent), Pages: at(ports.Agent)}, Thinker: at(ports.Thinker), Probe: true})
	first, _ := FirstFailed(links)
	if want := fmt.Sprintf("The workshop is up at %s, but mine isn't running: mine does not build.", at(ports.API)); first.Name != "thinker-api" || first.Says != want {
		t.Errorf("the first failed check is %+v, want %s", first, want)
	}
}
