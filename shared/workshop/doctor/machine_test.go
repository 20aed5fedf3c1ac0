package doctor_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/client"
	"thinker/shared/workshop/doctor"
	"thinker/shared/workshop/need"
)

// examineMachine returns the checks of Go and Docker, for a workshop in a directory.
func examineMachine(t *testing.T, root string) string {
	t.Helper()
	w := newWorld(t)
	w.options = doctor.Options{Root: root, Client: &client.Client{API: "http://localhost:1", Agent: "http://localhost:1"}}
	var checks []doctor.Check
	for _, c := range doctor.Examine(need.Context(t), w.options) {
		if c.Name == "Go" || c.Name == "Docker" {
			checks = append(checks, c)
		}
	}
	return w.diagnosis(checks)
}

// TestExamine_OldGo uses a workspace that requires a newer Go than the installed one.
func TestExamine_OldGo(t *testing.T) {
	root := t.TempDir()
	checkout.Write(t, filepath.Join(root, "go.work"), "go 1.99.0\n")
	t.Setenv("GOTOOLCHAIN", "local")
	t.Setenv("GOWORK", "")
	if got, want := examineMachine(t, root),
		"failed  Go: go.work requires go >= 1.99.0 (running go"; !strings.HasPrefix(got, want) {
		t.Errorf("it finds\n%s\nwant\n%s", got, want)
	}
}

func TestExamine_NeitherGoNorDocker(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	checkout.Compare(t, "testdata/machine-without-both.txt", examineMachine(t, t.TempDir()))
}

// TestExamine_NoDockerEngine points the real docker command to an engine that doesn't
// exist.
func TestExamine_NoDockerEngine(t *testing.T) {
	docker := need.Program(t, "docker")
	t.Setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
	got := examineMachine(t, t.TempDir())
	if !strings.Contains(got, "skipped Docker: The Docker engine isn't running. "+
		"You don't need it, since Go is installed: ") ||
		!strings.Contains(got, "/nowhere/docker.sock") {
		t.Errorf("with Go it finds\n%s", got)
	}
	path := t.TempDir()
	if err := os.Symlink(docker, filepath.Join(path, "docker")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", path)
	got = examineMachine(t, t.TempDir())
	if !strings.Contains(got, "failed  Docker: The Docker engine isn't running: ") ||
		!strings.Contains(got, "→ Start Docker, or install Go") {
		t.Errorf("without Go it finds\n%s", got)
	}
}

// workshopContainer returns a function that starts a container with a script, labelled
// as docker-compose labels a service of a workshop's directory.
func workshopContainer(t *testing.T) func(root, service, how, script string) {
	t.Helper()
	docker := need.Program(t, "docker")
	root := checkout.Root(t)
	found := regexp.MustCompile(`image: (redis:\S+)`).FindStringSubmatch(checkout.Read(t,
		filepath.Join(root, "docker-compose.yml")))
	if found == nil {
		t.Fatal("docker-compose.yml names no image of Redis")
	}
	image := found[1] // which the workshop has in any case
	if output, err := exec.CommandContext(need.Context(t), docker, "image", "inspect",
		image).CombinedOutput(); err != nil {
		need.Missing(t, "the engine has no image %s: %s", image, strings.TrimSpace(string(output)))
	}
	return func(root, service, how, script string) {
		t.Helper()
		output, err := exec.CommandContext(need.Context(t), docker, "create", "--entrypoint", "sh",
			"--label", "com.docker.compose.project.working_dir="+root, "--label", "com.docker.compose.service="+service,
			image, "-c", script).Output()
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
	if got := examineMachine(t, root); !strings.Contains(got,
		"skipped Docker: Docker is running, without a container of the workshop.\n") {
		t.Errorf("for a stopped container, it finds\n%s", got)
	}
	run(root, "api", "--attach", "echo begins; echo no luck; exit 3")
	got := examineMachine(t, root)
	for _, want := range []string{
		"failed  Docker: The api container has failed (Exited (3) ", "Its last output: no luck\n",
		"→ For more: docker-compose logs api. To rebuild it: docker-compose up --build",
	} {
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
	w := newWorld(t)
	w.start(1)
	w.options.Root = root
	want := "failed  Docker: The workshop is running twice: in containers, and without them as api (process N) at " +
		"http://localhost:5000.\n        → Stop one of them: docker-compose down, or Ctrl-C"
	if got := w.diagnosis(doctor.Examine(need.Context(t), w.options)); !strings.Contains(got, want) {
		t.Errorf("it finds\n%s\nwithout\n%s", got, want)
	}
}

// TestExamine_Interrupted wants no results for checks that didn't run.
func TestExamine_Interrupted(t *testing.T) {
	ctx, stop := context.WithCancel(need.Context(t))
	stop()
	where := &client.Client{API: "http://localhost:1", Agent: "http://localhost:1"}
	if checks := doctor.Examine(ctx, doctor.Options{Client: where, Probe: true}); len(checks) != 0 {
		t.Errorf("%+v", checks)
	}
}
