//go:build unix

package readme_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/need"
	"thinker/shared/workshop/readme"
	"thinker/shared/workshop/runner"
)

// TestReadmes runs the shell blocks of every README in a clean clone, in the
// order in which they are read, and compares what they print with what the
// READMEs show.
func TestReadmes(t *testing.T) {
	clone := checkout.Clone(t)
	run(t, readme.NewRunner(t, clone))
}

// TestReadmes_Docker does the same with the blocks for Docker.
func TestReadmes_Docker(t *testing.T) {
	compose := need.Docker(t)
	clone := checkout.Clone(t)
	// In a separate project, since docker-compose down removes its containers.
	project := []string{"COMPOSE_PROJECT_NAME=workshop-readmes", "COMPOSE_PROFILES=workshop"}
	docker := func(step int, args ...string) {
		t.Helper()
		cmd := exec.Command(compose[0], append(slices.Clone(compose[1:]), args...)...)
		cmd.Dir = clone
		cmd.Env = append(append(os.Environ(), project...), fmt.Sprintf("STEP=%d", step))
		if output, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("docker-compose %s: %v\n%s", strings.Join(args, " "), err, output)
		}
	}
	path := os.Getenv("PATH")
	if len(compose) > 1 { // the READMEs' readers with Compose v2 write docker compose
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "docker-compose"), []byte("#!/bin/sh\nexec docker compose \"$@\"\n"),
			0o755); err != nil {
			t.Fatal(err)
		}
		path = dir + ":" + path
	}
	r := readme.NewRunner(t, clone, project[0], "PATH="+path)
	r.Docker = true
	t.Cleanup(func() { docker(1, "down", "--volumes", "--timeout", "0") })
	// Existing images may have other code, and a build may take longer than the limit for a
	// step to become healthy.
	var blocks strings.Builder
	for _, name := range files(t) {
		parsed, err := readme.Parse(name, checkout.Read(t, filepath.Join(clone, name)))
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range parsed {
			if b.Docker && b.NotRun == "" {
				blocks.WriteString(b.Text)
			}
		}
	}
	for step := 1; step <= runner.Steps; step++ {
		if strings.Contains(blocks.String(), fmt.Sprintf("STEP=%d ", step)) {
			docker(step, "build", "agent", "thinker", "api")
		}
	}
	if strings.Contains(blocks.String(), " workshop ") {
		docker(1, "build", "workshop")
	}
	run(t, r)
}

func run(t *testing.T, r *readme.Runner) {
	t.Helper()
	for _, name := range files(t) {
		file := filepath.Join(checkout.Root(t), name)
		text := checkout.Read(t, file)
		shown := r.Shown
		updated, err := r.Run(t, name, text)
		if checkout.Updates() && updated != text {
			checkout.Write(t, file, updated)
		}
		for _, err := range append(r.Errors, err) {
			if err != nil {
				t.Error(err)
			}
		}
		r.Errors = nil
		switch {
		case err != nil:
			t.FailNow() // what comes after it may build on it
		case r.Shown == shown && !r.Docker && strings.HasPrefix(name, "step"):
			t.Errorf("%s shows no output", name)
		}
	}
	if r.Ran == 0 {
		t.Error("no block ran")
	}
}
