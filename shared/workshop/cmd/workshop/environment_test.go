package main_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/need"
)

// goSettings returns settings of the go command that break the build of every step.
func goSettings(t *testing.T) []string {
	t.Helper()
	foreign := filepath.Join(t.TempDir(), "go.work")
	checkout.Write(t, foreign, "go 1.26.0\n")
	return []string{"GOFLAGS=-mod=vendor", "GO111MODULE=off", "GOWORK=" + foreign, "GOOS=plan9", "GOARCH=mips"}
}

// noGoSettings removes Go settings from an environment: make sets some for tests.
var noGoSettings = []string{"GOFLAGS=", "GO111MODULE=", "GOWORK=", "GOOS=", "GOARCH="}

// TestCheck_MisleadingEnvironment checks complete code with variables that change
// traces or break builds. The output must name each of them, and the code must pass.
func TestCheck_MisleadingEnvironment(t *testing.T) {
	t.Parallel()
	root := checkout.New(t)
	settings := goSettings(t)
	saved := filepath.Join(t.TempDir(), "env")
	checkout.Write(t, saved, "GOFLAGS=-mod=mod\nGOOS=plan9\n")
	for _, c := range []struct {
		name, lesson string
		env          []string
		want         string
	}{
		{"tracer", "3", []string{
			"DD_TAGS=team:greetings,service.name:greeter", "OTEL_RESOURCE_ATTRIBUTES=span.name=x,subject=y",
			"OTEL_SDK_DISABLED=true",
			"DD_TRACE_PROPAGATION_BEHAVIOR_EXTRACT=restart", "DD_TRACE_HTTP_SERVER_ERROR_STATUSES=200-299",
		}, "Ignoring these variables, which could hide or change traces: DD_TAGS, " +
			"DD_TRACE_HTTP_SERVER_ERROR_STATUSES, DD_TRACE_PROPAGATION_BEHAVIOR_EXTRACT, OTEL_RESOURCE_ATTRIBUTES, " +
			"OTEL_SDK_DISABLED"},
		{"go", "1", settings, "Ignoring these Go settings, which could break the build: " + strings.Join(settings, ", ")},
		{"go env -w", "1", []string{"GOENV=" + saved},
			"Ignoring these Go settings, which could break the build: GOFLAGS=-mod=mod, GOOS=plan9"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			said := call{arguments: "check " + c.lesson}.check(t, root, slices.Concat(noGoSettings, c.env)...)
			if said = strings.Join(strings.Fields(said), " "); !strings.Contains(said, c.want) {
				t.Errorf("check says\n%s\nwithout %q", said, c.want)
			}
		})
	}
}

// TestDoctor_GoSettings wants each setting that breaks builds to be named, with advice.
// Go itself must pass.
func TestDoctor_GoSettings(t *testing.T) {
	root, program := checkout.New(t), workshop(t)
	settings := goSettings(t)
	saved := filepath.Join(t.TempDir(), "env")
	checkout.Write(t, saved, strings.Join(settings, "\n")+"\n")
	missing := []string{"HOME=", "XDG_CACHE_HOME=", "GOCACHE=", "GOMODCACHE=", "GOPATH=", "LocalAppData=",
		"USERPROFILE=", "GOENV=off"}
	for _, c := range []struct {
		name string
		env  []string
		want []string // in each link about Go, after the first
	}{
		{"set", append([]string{"GOENV=off"}, settings...), []string{
			"GOFLAGS=-mod=vendor is set in this terminal. workshop up and check ignore it, but go run and other go commands " +
				"don't. To remove it: ",
			"GO111MODULE=off ", "GOWORK=", "GOOS=plan9 ", "GOARCH=mips ",
		}},
		{"saved", []string{"GOENV=" + saved}, []string{
			"GOFLAGS=-mod=vendor is set with go env -w. workshop up and check ignore it, but go run and other go commands " +
				"don't. To remove it: go env -u GOFLAGS",
			"GO111MODULE=off ", "GOWORK=", "GOOS=plan9 ", "GOARCH=mips ",
		}},
		{"harmless", []string{"GOENV=off", "GOFLAGS=-trimpath -p=2", "GOWORK=" + filepath.Join(root, "go.work")}, nil},
		{"no cache", missing, []string{"Go has no directory for GOCACHE and GOMODCACHE. "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, _, ports := freePorts(t)
			cmd := exec.CommandContext(need.Context(t), program, append(ports, "doctor", "--no-probe", "--json")...)
			cmd.Dir = root
			cmd.Env = slices.Concat(os.Environ(), noGoSettings, c.env)
			output, _ := cmd.Output()
			var report struct {
				Checks []struct{ Name, State, Says string }
			}
			if err := json.Unmarshal(output, &report); err != nil {
				t.Fatalf("%v: %s", err, output)
			}
			want := append([]string{"is new enough for the workshop."}, c.want...)
			for i, link := range report.Checks {
				state := "skipped"
				if i == 0 {
					state = "passed"
				}
				if link.Name != "Go" || i >= len(want) {
					if i != len(want) {
						t.Errorf("it says %d things about Go, want %d: %+v", i, len(want), report.Checks)
					}
					break
				}
				if link.State != state || !strings.Contains(link.Says, want[i]) {
					t.Errorf("link %d is %+v, want %s and %q", i, link, state, want[i])
				}
			}
		})
	}
}

// TestMakefile_GoSettings reads Go's settings in a target of the Makefile.
func TestMakefile_GoSettings(t *testing.T) {
	program := need.Program(t, "make")
	root := checkout.Root(t)
	more := filepath.Join(t.TempDir(), "more.mk")
	checkout.Write(t, more, "settings:\n\t@go env GO111MODULE GOFLAGS GOHOSTOS GOOS GOHOSTARCH GOARCH GOWORK\n")
	saved := filepath.Join(t.TempDir(), "env")
	checkout.Write(t, saved, "GOFLAGS=-mod=mod\nGOOS=plan9\nGO111MODULE=off\n")
	for name, env := range map[string][]string{"set": goSettings(t), "saved": {"GOENV=" + saved}} {
		cmd := exec.CommandContext(need.Context(t), program, "--no-print-directory", "-f", "Makefile", "-f", more, "settings")
		cmd.Dir = root
		cmd.Env = slices.Concat(os.Environ(), noGoSettings, []string{"MAKEFLAGS=", "MFLAGS="}, env)
		output, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v: %s", name, err, output)
		}
		lines := strings.Split(string(output), "\n")
		if len(lines) != 8 || lines[0] != "on" || strings.Contains(lines[1], "-mod") || lines[2] != lines[3] ||
			lines[4] != lines[5] || lines[6] != filepath.Join(root, "go.work") {
			t.Errorf("%s: go has these settings, GO111MODULE first:\n%s", name, output)
		}
	}
}
