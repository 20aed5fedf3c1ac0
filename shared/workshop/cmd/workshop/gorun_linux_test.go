package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/need"
)

// TestCommands_AfterGoRun wants commands in the output to start with go run, not with a
// file in Go's cache, whatever the cache's name.
func TestCommands_AfterGoRun(t *testing.T) {
	dir := t.TempDir()
	// A go command with another cache would build everything again; a script of that
	// name starts the program from such a cache.
	program := checkout.Read(t, workshop(t))
	cached := filepath.Join(dir, "cache", "4f", strings.Repeat("4f", 32)+"-d", "workshop")
	for file, content := range map[string]string{
		cached:                   program,
		filepath.Join(dir, "go"): fmt.Sprintf("#!/bin/sh\n'%s' \"$@\"\nexit $?\n", cached),
	} {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		command []string
		want    string
	}{
		{[]string{filepath.Join(dir, "go")}, "go run ./shared/workshop/cmd/workshop"},
		{[]string{"go", "run", "."}, "go run ./shared/workshop/cmd/workshop"},
		{[]string{cached}, cached},
	} {
		output, _ := exec.CommandContext(need.Context(t), c.command[0],
			append(c.command[1:], "check", "2", "--dir", "nowhere")...).CombinedOutput()
		if want := "To make a copy: " + c.want + " try 2\n"; !strings.Contains(string(output), want) {
			t.Errorf("%s says %s\nwithout %s", c.command[0], output, want)
		}
	}
}
