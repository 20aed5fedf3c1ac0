package readme_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/readme"
)

func TestParse(t *testing.T) {
	text := strings.Join([]string{
		"# Title",
		"<!-- go and docker -->", "<!-- exit status 1 -->", "```sh", "false", "```", "",
		"Prose.", "", "```text", "out", "  put", "```",
		"  ```go", "  func f() {", "  \t}", "  ```",
		"<!-- not output -->", "```text", "a diagram", "```",
		"<!-- not run: it needs a key -->", "```sh", "use KEY", "```",
		"<!-- docker -->", "```sh", "STEP=1 docker-compose up", "```",
	}, "\n")
	blocks, err := readme.Parse("a.md", text)
	if err != nil {
		t.Fatal(err)
	}
	want := []readme.Block{
		{File: "a.md", Line: 5, Lang: "sh", Text: "false\n", Go: true, Docker: true, Status: 1},
		{File: "a.md", Line: 11, Lang: "text", Text: "out\n  put\n", Go: true},
		{File: "a.md", Line: 15, Lang: "go", Text: "func f() {\n\t}\n", Go: true},
		{File: "a.md", Line: 20, Lang: "text", Text: "a diagram\n", Go: true, NotOutput: true},
		{File: "a.md", Line: 24, Lang: "sh", Text: "use KEY\n", Go: true, NotRun: "it needs a key"},
		{File: "a.md", Line: 28, Lang: "sh", Text: "STEP=1 docker-compose up\n", Docker: true},
	}
	if len(blocks) != len(want) {
		t.Fatalf("%d blocks, want %d: %+v", len(blocks), len(want), blocks)
	}
	for i := range want {
		if blocks[i] != want[i] {
			t.Errorf("block %d is\n%+v, want\n%+v", i, blocks[i], want[i])
		}
	}
}

func TestParse_Errors(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"no language", "a\n```\nx\n```", "a.md:3: the block has no language"},
		{"no reason", "<!-- not run: -->\n```sh\nx\n```", "a.md:3: a block that isn't run needs a reason"},
		{"no reason, no colon", "<!-- not run -->\n```sh\nx\n```", "needs a reason"},
		{"unknown comment", "<!-- skip: it is slow -->\n```sh\nx\n```", `unknown comment "skip: it is slow"`},
		{"comment for another language", "<!-- not run: no -->\n```text\nx\n```", "unknown comment"},
		{"exit status 0", "<!-- exit status 0 -->\n```sh\nx\n```", "exit status"},
		{"no end", "```sh\nx\n", "a.md:2: the block has no end"},
		{"in a list", "- ```sh\n  x\n  ```", "a.md:1: start the block on a line of its own"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := readme.Parse("a.md", c.text); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

func TestBlock_IsUp(t *testing.T) {
	for command, want := range map[string]bool{
		"make up STEP=2": true,
		"go run ./shared/workshop/cmd/workshop up --step 3":                          true,
		"workshop up --step 2 --dir .workshop/try02":                                 true,
		"STEP=1 docker-compose up":                                                   true,
		"STEP=1 docker compose up --build":                                           true,
		"docker-compose run --rm --service-ports --use-aliases workshop up --step 1": true,
		"export THINK_DELAY=1s\nmake up":                                             true,
		"STEP=1 docker-compose up -d":                                                false,
		"workshop up --help":                                                         false,
		"curl 'http://localhost:5000/think/?subject=up'":                             false,
		"echo look up":    false,
		"workshop status": false,
	} {
		if got := (readme.Block{Lang: "sh", Text: command + "\n"}).IsUp(); got != want {
			t.Errorf("%q starts a step: %v, want %v", command, got, want)
		}
	}
}

// TestPowerShell translates each line for PowerShell to the shell, and checks that it's among
// the lines that the test runs.
func TestPowerShell(t *testing.T) {
	var run []string
	var windows []readme.Block
	for _, name := range files(t) {
		blocks, err := readme.Parse(name, checkout.Read(t, filepath.Join(checkout.Root(t), name)))
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range blocks {
			switch {
			case b.IsCommands() && b.NotRun == "":
				run = append(run, strings.Split(b.Text, "\n")...)
			case b.Lang == "powershell":
				windows = append(windows, b)
			}
		}
	}
	if len(windows) != 1 {
		t.Errorf("%d blocks for PowerShell, want one", len(windows))
	}
	variable := regexp.MustCompile(`\$env:(\w+)=(\S+); `)
	function := regexp.MustCompile(`^function (\w+) \{ (.*) @args \}`)
	for _, b := range windows {
		for i, line := range strings.Split(strings.TrimSpace(b.Text), "\n") {
			shell := strings.NewReplacer("curl.exe ", "curl ", "docker compose ", "docker-compose ").Replace(line)
			shell = variable.ReplaceAllString(shell, "$1=$2 ")
			shell = function.ReplaceAllString(shell, `$1() { $2 "$$@"; }`)
			if !slices.Contains(run, shell) {
				t.Errorf("%s:%d: no block runs %s", b.File, b.Line+i, shell)
			}
		}
	}
}

// files returns the names of the READMEs and of the reference pages, in the order
// in which they are read.
func files(t *testing.T) []string {
	t.Helper()
	names := []string{"README.md"}
	for _, pattern := range []string{"step*/README.md", "shared/*.md"} {
		found, err := fs.Glob(os.DirFS(checkout.Root(t)), pattern)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, found...)
	}
	return names
}
