package rules_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/runner"
)

// TestCompose_PassesSettings checks that each setting in PORTS.md reaches the workshop
// command in its container, as it reaches the one on this machine.
func TestCompose_PassesSettings(t *testing.T) {
	root, err := runner.FindRoot(".")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(checkout.Read(t, filepath.Join(root, "shared", "PORTS.md")), "\n## The services\n")
	_, service, _ := strings.Cut(checkout.Read(t, filepath.Join(root, "docker-compose.yml")), "\n  workshop:\n")
	settings := regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\|").FindAllStringSubmatch(section, -1)
	if len(settings) < 3 {
		t.Errorf("PORTS.md lists %d settings of the services, want at least 3", len(settings))
	}
	for _, setting := range settings {
		if !strings.Contains(service, setting[1]+": ${"+setting[1]+":-") {
			t.Errorf("docker-compose.yml doesn't pass %s to the workshop command", setting[1])
		}
	}
}
