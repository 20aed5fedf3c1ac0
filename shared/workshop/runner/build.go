// Package runner builds, starts, watches and stops a step: its two services, the agent
// that receives their spans, and a Redis.
package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// Steps is how many steps the workshop has; they are numbered from 1.
const Steps = 5

// StepName returns the directory of a step, which is also the version tag of its spans.
func StepName(step int) string { return fmt.Sprintf("step%02d", step) }

// FindRoot returns the workshop's directory, which contains dir.
func FindRoot(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, StepName(1), "go.mod")); err == nil {
			return at, nil
		} else if at == filepath.Dir(at) {
			return "", fmt.Errorf("%s isn't inside the workshop. Change to the directory that contains step01 to step05, then run this again", dir)
		}
	}
}

// A Target is the code to run: an original step, or a learner's copy.
type Target struct {
	Step int    // 1 to Steps
	Dir  string // the directory of both services; empty: the original step's
}

// Original reports whether the target is the step as shipped.
func (t Target) Original() bool { return t.Dir == "" }

// Name returns the version tag of the target's spans: step02 for the original, the
// name of its directory for a copy.
func (t Target) Name() string {
	if t.Dir == "" {
		return StepName(t.Step)
	}
	return filepath.Base(t.Dir)
}

// source returns the directory of the code.
func (t Target) source(root string) string {
	if t.Dir == "" {
		return filepath.Join(root, StepName(t.Step))
	}
	return t.Dir
}

// A CompileError is the Go compiler's output for code that does not build.
type CompileError struct {
	Name   string // the target's
	Output string // as the compiler printed it
}

func (e *CompileError) Error() string {
	return fmt.Sprintf("%s does not build:\n%s", e.Name, strings.TrimSpace(e.Output))
}

// Binaries are a step's built services, by path.
type Binaries struct{ API, Thinker string }

// notDownloaded matches go's errors for a failed download.
var notDownloaded = regexp.MustCompile(`dial tcp|: Get "|module lookup disabled`)

// Build compiles a target's services into dir. It calls progress for each library that
// is downloaded and each package that is compiled: hundreds, the first time.
func Build(ctx context.Context, root, dir string, target Target, race bool, progress func(doing string)) (Binaries, error) {
	out := filepath.Join(dir, target.Name())
	if err := os.MkdirAll(out, 0o755); err != nil {
		return Binaries{}, fmt.Errorf("make the directory for the built services: %w", err)
	}
	// Without the repository's state, which would change programs of the same code, and
	// without debug information, which takes a third of the linker's time.
	args := []string{"build", "-v", "-buildvcs=false", "-ldflags=-s -w", "-o", out + string(filepath.Separator)}
	if race {
		args = append(args, "-race")
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "./api", "./thinker")...)
	cmd.Dir = target.source(root)
	cmd.Env = GoEnv(root)
	// When ctx is done, go is interrupted and removes its temporary files.
	cmd.WaitDelay = 2 * time.Second
	read, write := io.Pipe()
	cmd.Stderr = write
	building, err := startGroup(cmd)
	if errors.Is(err, exec.ErrNotFound) {
		return Binaries{}, errors.New("there is no go command in the PATH. Install Go from https://go.dev/dl/, or use docker-compose up")
	} else if errors.Is(err, fs.ErrNotExist) {
		return Binaries{}, fmt.Errorf("%s doesn't exist", cmd.Dir)
	} else if err != nil {
		return Binaries{}, fmt.Errorf("run go build: %w", err)
	}

	// With -v, go prints one package path per line. Other lines are error messages.
	var complaints strings.Builder
	ended := make(chan error, 1)
	go func() {
		ended <- building.wait()
		write.Close()
	}()
	for line := range lines(read) {
		name, downloading := strings.CutPrefix(strings.TrimSpace(line), "go: downloading ")
		if downloading {
			progress("downloading " + name)
		} else if strings.ContainsAny(name, " \t#") {
			complaints.WriteString(line + "\n")
		} else if name != "" {
			progress("building " + name)
		}
	}
	if err := <-ended; ctx.Err() != nil {
		return Binaries{}, ctx.Err()
	} else if err != nil {
		return Binaries{}, buildError(target, cmd, err, complaints.String())
	}
	suffix := ""
	if runtime.GOOS == "windows" {
		suffix = ".exe"
	}
	return Binaries{API: filepath.Join(out, "api"+suffix), Thinker: filepath.Join(out, "thinker"+suffix)}, nil
}

// killed matches go's errors when it or a compiler was killed, as systems do when
// memory runs out, or could not get memory.
var killed = regexp.MustCompile(`signal: killed|out of memory|cannot allocate memory`)

// buildError returns why a build failed, from go's exit and its output.
func buildError(target Target, cmd *exec.Cmd, ended error, printed string) error {
	name := target.Name()
	switch {
	case notDownloaded.MatchString(printed):
		return fmt.Errorf("%s needs libraries that could not be downloaded. Connect to the network, then run this again\n%s", name, strings.TrimSpace(printed))
	case killed.MatchString(ended.Error() + printed):
		return errors.New(strings.TrimSpace(fmt.Sprintf("go build of %s was killed (%v), most likely for lack of memory. Close other programs, then run this again\n%s", name, ended, printed)))
	case strings.TrimSpace(printed) == "":
		return fmt.Errorf("go build of %s failed (%v) without a message. To see more, run go build -x ./api ./thinker in %s", name, ended, cmd.Dir)
	default:
		return &CompileError{Name: name, Output: fromHere(printed, cmd.Dir)}
	}
}

// place matches the file at the start of a line of the compiler.
var place = regexp.MustCompile(`(?m)^(\s*)([^\s:]+\.(?:go|mod|sum|work)):`)

// fromHere makes the file names in the compiler's output relative to the current
// directory.
func fromHere(text, dir string) string {
	here, err := os.Getwd()
	if err != nil {
		return text
	}
	return place.ReplaceAllStringFunc(text, func(match string) string {
		parts := place.FindStringSubmatch(match)
		path := parts[2]
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		rel, err := filepath.Rel(here, path)
		if err != nil || len(rel) > len(path) {
			rel = path
		}
		return parts[1] + rel + ":"
	})
}
