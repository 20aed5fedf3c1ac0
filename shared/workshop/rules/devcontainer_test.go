package rules_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/need"
)

// TestDevcontainer checks that the dev container has the workshop's version of Go,
// Docker, and a name for each port.
func TestDevcontainer(t *testing.T) {
	root := checkout.Root(t)
	var config struct {
		Image           string
		Features        map[string]any
		ForwardPorts    []int
		PortsAttributes map[string]struct{ Label string }
	}
	if err := json.Unmarshal([]byte(checkout.Read(t, filepath.Join(root, ".devcontainer", "devcontainer.json"))),
		&config); err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(checkout.Read(t,
		filepath.Join(root, "go.work")))[1]
	if !strings.Contains(config.Image, "/go:"+version+"-") {
		t.Errorf("the image is %s, but go.work needs Go %s", config.Image, version)
	}
	if !strings.Contains(strings.Join(keys(config.Features), " "), "docker-in-docker") {
		t.Errorf("no Docker among the features %v", config.Features)
	}
	if !slices.Equal(config.ForwardPorts, []int{5000, 5001, 8126}) {
		t.Errorf("ports %v are forwarded", config.ForwardPorts)
	}
	for _, port := range []string{"5000", "5001", "8126"} {
		if config.PortsAttributes[port].Label == "" {
			t.Errorf("port %s has no name", port)
		}
	}
}

func keys(m map[string]any) (names []string) {
	for name := range m {
		names = append(names, name)
	}
	return names
}

// TestDevcontainer_Codespaces runs the command that prepares the dev container, and
// checks which host name a terminal in a codespace then allows.
func TestDevcontainer_Codespaces(t *testing.T) {
	root := checkout.Root(t)
	bash, home := need.Program(t, "bash"), t.TempDir()
	var config struct{ PostCreateCommand string }
	if err := json.Unmarshal([]byte(checkout.Read(t, filepath.Join(root, ".devcontainer", "devcontainer.json"))),
		&config); err != nil {
		t.Fatal(err)
	}
	run := func(command string, env ...string) string {
		t.Helper()
		cmd := exec.CommandContext(need.Context(t), bash, "-c", command)
		cmd.Dir = root
		cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + home}, env...)
		output, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", command, err, output)
		}
		return strings.TrimSpace(string(output))
	}
	run(config.PostCreateCommand)
	for _, c := range []struct {
		name string
		env  []string
		want string
	}{
		{"not in a codespace", nil, ""},
		{"in a codespace", []string{"CODESPACE_NAME=fluffy"}, "fluffy-8126.app.github.dev"},
		{"another domain", []string{"CODESPACE_NAME=fluffy", "GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN=example.dev"},
			"fluffy-8126.example.dev"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := run(`. ~/.bashrc; echo "$AGENT_HOSTS"`, c.env...); got != c.want {
				t.Errorf("AGENT_HOSTS is %q, want %q", got, c.want)
			}
		})
	}
}
