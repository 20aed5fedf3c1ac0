package migration_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/readme"
	"thinker/shared/workshop/runner"
)

// around declares what the README's code uses but doesn't show: the reader's own code.
const around = `
var order string
var total int

func showOrder(http.ResponseWriter, *http.Request) {}
func calculate(context.Context, string) (int, error) { return 0, nil }
func audit(context.Context, string) {}
func send(context.Context, map[string]string, string) error { return nil }
func handle(context.Context, string) error { return nil }
`

var defined = regexp.MustCompile(`(?m)^(\w+(?:, \w+)*) :=`)

// TestReadme_OwnServiceBuilds builds the README's code for the reader's own service. Functions
// stay as they are; each other block becomes one.
func TestReadme_OwnServiceBuilds(t *testing.T) {
	root := checkout.Root(t)
	_, section, found := strings.Cut(checkout.Read(t, filepath.Join(root, "README.md")), "\n## In your own service\n")
	section, _, _ = strings.Cut(section, "\n## ")
	blocks, err := readme.Parse("README.md", section)
	if err != nil || !found {
		t.Fatalf("the section is missing, or can't be read: %v", err)
	}

	program := "package shop\n"
	n := 0
	for _, block := range blocks {
		switch {
		case block.Lang != "go":
			continue
		case strings.HasPrefix(block.Text, "import ("):
			program += block.Text + around
		case strings.HasPrefix(block.Text, "func "):
			program += block.Text
		default:
			program += "func _(ctx context.Context) error {\n" + block.Text
			for _, names := range defined.FindAllStringSubmatch(block.Text, -1) {
				blanks := regexp.MustCompile(`\w+`).ReplaceAllString(names[1], "_")
				program += fmt.Sprintf("%s = %s\n", blanks, names[1])
			}
			program += "return nil\n}\n"
		}
		n++
	}
	if n < 8 {
		t.Errorf("the section has %d blocks of Go, want at least 8", n)
	}

	dir := filepath.Join(t.TempDir(), "shop") // with the libraries of step 5, which has all of them
	for _, file := range []string{"go.mod", "go.sum"} {
		write(t, filepath.Join(dir, file), checkout.Read(t, filepath.Join(root, "step05", file)))
	}
	write(t, filepath.Join(dir, "shop.go"), program)
	command(t, dir, runner.GoEnv(root), "go", "mod", "edit", "-droprequire", v1)
	command(t, dir, runner.GoEnv(root), "go", "vet", ".")
}
