//go:build unix

package compose_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/need"
)

// TestWorkshop_Offline builds and checks code in containers without network access. The
// directory and all new files belong to a user other than root.
func TestWorkshop_Offline(t *testing.T) {
	t.Parallel()
	p := findDocker(t).checkout(t).project(t)
	for _, do := range []struct {
		command string
		code    int
		says    string
	}{
		{"try 2", 0,
			"docker-compose run --rm --service-ports --use-aliases workshop up --step 2 --dir .workshop/try02"},
		{"check 2 --dir .workshop/try02", 1, "step 2 isn't complete yet"},
		{"check 2 --dir step02", 0, "Checked the original step02."},
		{"check 5 --dir step05", 0, "Checked the original step05."},
		{"status", 0, "docker-compose run --rm workshop"},
		{"diff 3", 0, "trace.go"},
		{"up --step 9", 2, "use a number from 1 to 5"},
	} {
		if output, code := p.workshop(strings.Fields(do.command)...); code != do.code ||
			!strings.Contains(output, do.says) {
			t.Errorf("workshop %s ends with %d, want %d and %q in\n%s", do.command, code, do.code, do.says, output)
		}
	}
	p.checkOwner()
}

// TestWorkshop_Ask sends requests to services in other containers.
func TestWorkshop_Ask(t *testing.T) {
	t.Parallel()
	p := findDocker(t).checkout(t).project(t)
	p.up(2)
	for command, says := range map[string]string{
		"think war music":    "subject:music",
		"think war --step 2": fmt.Sprintf("http://localhost:%d/trace/", p.engine.ports.Agent),
		// where people open it
		"doctor":                 "docker-compose ps",
		"load --rps 20 --for 1s": "p99",
	} {
		if output, code := p.workshop(strings.Fields(command)...); code != 0 || !strings.Contains(output, says) {
			t.Errorf("workshop %s ends with %d, want 0 and %q in\n%s", command, code, says, output)
		}
	}
	p.checkOwner()
}

// TestWorkshop_Up starts a step in a container, changes its code, requests the change from here
// and from another container, and stops the step.
func TestWorkshop_Up(t *testing.T) {
	t.Parallel()
	p := findDocker(t).checkout(t).project(t)
	p.compose("run", "--detach", "--name", p.name, "--service-ports", "--use-aliases", "-e", "GOPROXY=off", "workshop",
		"up", "--step", "1")
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the workshop said:\n%s", p.docker("logs", p.name))
		}
		p.docker("rm", "--force", p.name)
	})
	question := fmt.Sprintf("http://localhost:%d/think/?subject=peace", p.engine.ports.API)
	p.untilAnswered(question, "Subject unknown")
	p.untilAnswered(fmt.Sprintf("http://localhost:%d/workshop", p.engine.ports.Agent), "<h1")

	main := filepath.Join(p.engine.root, "step01", "thinker", "main.go")
	text := checkout.Read(t, main)
	checkout.Write(t, main, strings.ReplaceAll(text, "Subject unknown", "Nothing known"))
	p.untilAnswered(question, "Nothing known")

	// Published ports differ, but the port at a container's address doesn't.
	asked := p.compose("run", "-T", "--rm", "-e", fmt.Sprintf("API_URL=http://api:%d", p.engine.ports.API),
		"-e", fmt.Sprintf("AGENT_URL=http://agent:%d", p.engine.ports.Agent), "workshop", "think", "peace", "--step",
		"1")
	if !strings.Contains(asked, "Nothing known") || !strings.Contains(asked, "subject:peace") {
		t.Errorf("another container is answered\n%s", asked)
	}

	p.docker("stop", p.name)
	if code := p.docker("inspect", "--format", "{{.State.ExitCode}}", p.name); code != "0" {
		t.Errorf("it ended with %s, want 0", code)
	}
	p.checkOwner()
}

// checkout returns a docker in a copy of the workshop that belongs to another user than root,
// if a container's root may change the owner. The image of the workshop's command is built
// from the original.
func (d docker) checkout(t *testing.T) docker {
	t.Helper()
	from := d.root
	d.root = t.TempDir()
	for _, dir := range []string{"step01", "step02", "step03", "step04", "step05", "shared/serve", "shared/compose"} {
		checkout.Copy(t, filepath.Join(from, dir), filepath.Join(d.root, dir))
	}
	for _, file := range []string{".env", "docker-compose.yml", "go.work", "go.work.sum", "shared/go.mod"} {
		text, err := os.ReadFile(filepath.Join(from, file))
		if err == nil {
			err = os.WriteFile(filepath.Join(d.root, file), text, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if os.Geteuid() != 0 {
		return d
	}
	if err := filepath.WalkDir(d.root, func(name string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(name, 1000, 1000))
	}); err != nil {
		t.Fatal(err)
	}
	return d
}

// workshop runs the workshop's command in a container without network access, and returns its
// output and exit code.
func (p *project) workshop(args ...string) (output string, code int) {
	p.t.Helper()
	cmd := p.engine.command(fmt.Sprint(p.step),
		append([]string{"--project-name", p.name, "run", "-T", "--rm", "-e", "GOPROXY=off", "workshop"}, args...)...)
	printed, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(printed), exit.ExitCode()
	} else if err != nil {
		p.t.Fatal(err)
	}
	return string(printed), 0
}

// untilAnswered sends requests until the response contains a text.
func (p *project) untilAnswered(url, want string) {
	p.t.Helper()
	last, ctx := "nothing", need.Context(p.t)
	for tick := time.Tick(100 * time.Millisecond); ctx.Err() == nil; <-tick {
		resp, err := http.Get(url)
		if err != nil {
			last = err.Error()
			continue
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if last = string(body); err == nil && strings.Contains(last, want) {
			return
		}
	}
	p.t.Fatalf("%s answers %s, want %q", url, last, want)
}

// checkOwner checks that the checkout's files all have the same owner as the checkout.
func (p *project) checkOwner() {
	p.t.Helper()
	root, err := os.Stat(p.engine.root)
	if err != nil {
		p.t.Fatal(err)
	}
	want := root.Sys().(*syscall.Stat_t).Uid
	err = filepath.WalkDir(p.engine.root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Sys().(*syscall.Stat_t).Uid != want {
			p.t.Errorf("%s is not its owner's", name)
		}
		return err
	})
	if err != nil {
		p.t.Error(err)
	}
}
