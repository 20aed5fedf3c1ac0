package apmtest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPackage_FromAnotherModule runs the example in a separate module, with the lines
// of the package's comment in its go.mod, and without a network.
func TestPackage_FromAnotherModule(t *testing.T) {
	const require, replace = "require thinker/shared/apm v0.0.0", "replace thinker/shared/apm => "
	doc := readFile(t, "apmtest.go")
	if !strings.Contains(doc, "//\t"+require+"\n//\t"+replace) {
		t.Error("the package's comment doesn't show the lines")
	}
	apm, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	example := strings.NewReplacer("package apmtest_test", "package shop", "testCheckout", "TestCheckout").
		Replace(readFile(t, "example_test.go"))
	dir := t.TempDir()
	for name, content := range map[string]string{
		"go.mod":           "module example.com/shop\n\ngo 1.26.0\n\n" + require + "\n" + replace + apm + "\n",
		"checkout_test.go": example,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), "go", "test", "-v", "./...")
	command.Dir = dir
	command.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "GOPROXY=off", "GOSUMDB=off")
	output, err := command.CombinedOutput()
	if err != nil || !strings.Contains(string(output), "--- PASS: TestCheckout") {
		t.Errorf("%v\n%s", err, output)
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
