package rules_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/need"
)

// TestWorkflows_Pinned checks that the public CI pins each action by commit, and that none
// persists credentials.
func TestWorkflows_Pinned(t *testing.T) {
	root := checkout.Root(t)
	workflows, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*.yml"))
	if err != nil || len(workflows) == 0 {
		t.Fatalf("there are no workflows: %v", err)
	}
	uses := regexp.MustCompile(`uses: *(.*)`)
	pinned := regexp.MustCompile(`^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	for _, file := range workflows {
		text := checkout.Read(t, file)
		for _, action := range uses.FindAllStringSubmatch(text, -1) {
			if !pinned.MatchString(action[1]) {
				t.Errorf("%s uses %s: pin it by commit, with its version in a comment", filepath.Base(file), action[1])
			}
		}
		if strings.Count(text, "uses: actions/checkout@") != strings.Count(text, "persist-credentials: false") {
			t.Errorf("%s checks out with credentials that later steps can read: set persist-credentials: false",
				filepath.Base(file))
		}
		if !strings.Contains(text, "\npermissions:\n  contents: read\n") ||
			!strings.Contains(text, "VULNERABILITIES: required") {
			t.Errorf("%s has more permissions than to read, or may leave out govulncheck", filepath.Base(file))
		}
	}
}

// TestImages_ExactTags checks that other projects' images are named by version, so that
// builds don't change over time.
func TestImages_ExactTags(t *testing.T) {
	root := checkout.Root(t)
	named := 0
	for file, image := range map[string]string{"shared/Dockerfile": `(?m)^FROM (\w+:\S+)`,
		"docker-compose.yml": `(?m)^ *image: (\w+:\S+)`} {
		for _, found := range regexp.MustCompile(image).FindAllStringSubmatch(checkout.Read(t,
			filepath.Join(root, filepath.FromSlash(file))), -1) {
			named++
			if !regexp.MustCompile(`:\d+\.\d+\.\d+`).MatchString(found[1]) {
				t.Errorf("%s names %s: give the tag of an exact version", file, found[1])
			}
		}
	}
	if named < 2 {
		t.Errorf("found %d images, want those of Go and Redis", named)
	}
}

// TestMakeCI_WithoutVulnerabilities runs make ci while curl finds no network. Every check
// except govulncheck counts as done.
func TestMakeCI_WithoutVulnerabilities(t *testing.T) {
	program := need.Program(t, "make")
	root := checkout.Root(t)
	tools := t.TempDir()
	path := filepath.Join(t.TempDir(), "bin")
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(path, "curl"), []byte("#!/bin/sh\nexit 6\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	const line = "!!! govulncheck did NOT run: "
	for _, c := range []struct {
		target, required string
		well             bool
		times            int // that it prints this
	}{
		{"vulnerabilities", "", true, 1},
		{"vulnerabilities", "required", false, 1},
		{"ci", "", true, 2},
		{"ci", "required", false, 1},
	} {
		cmd := exec.CommandContext(need.Context(t), program, "--no-print-directory", c.target, "TOOLS="+tools,
			"RACE=-race",
			"MAKE=true", "-o", tools, "-o", "tidy-check", "-o", "format-check", "-o", "vet", "-o", "staticcheck")
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "VULNERABILITIES="+c.required, "MAKEFLAGS=", "MFLAGS=",
			"PATH="+path+string(filepath.ListSeparator)+os.Getenv("PATH"))
		output, err := cmd.CombinedOutput()
		said := string(output)
		if (err == nil) != c.well || strings.Count(said, line) != c.times {
			t.Errorf("VULNERABILITIES=%s make %s ends with %v and says\n%s", c.required, c.target, err, said)
		}
		lines := strings.Split(strings.TrimSpace(said), "\n")
		if c.well && !strings.HasPrefix(lines[len(lines)-1], line) {
			t.Errorf("make %s ends with %q, want %q", c.target, lines[len(lines)-1], line)
		}
	}
}
