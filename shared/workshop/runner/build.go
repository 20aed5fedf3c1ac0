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

// Build compiles a target's services into dir. It calls progress for each library that
// is downloaded and each package that is compiled, hundreds the first time, and again
// each second that takes.
func Build(ctx context.Context, root, dir string, target Target, race bool,
	progress func(doing string)) (Binaries, error) {
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
		return Binaries{}, errors.New("there is no go command in the PATH. " +
			"Install Go from https://go.dev/dl/, or use docker-compose up")
	} else if errors.Is(err, fs.ErrNotExist) {
		return Binaries{}, fmt.Errorf("%s doesn't exist", cmd.Dir)
	} else if err != nil {
		return Binaries{}, fmt.Errorf("run go build: %w", err)
	}

	ended := make(chan error, 1)
	go func() {
		ended <- building.wait()
		write.Close()
	}()
	printed := make(chan string)
	go func() {
		defer close(printed)
		for line := range lines(read) {
			printed <- line
		}
	}()
	messages := followBuild(printed, progress)
	if err := <-ended; ctx.Err() != nil {
		return Binaries{}, ctx.Err()
	} else if err != nil {
		return Binaries{}, buildError(target, cmd, err, messages)
	}
	suffix := ""
	if runtime.GOOS == "windows" {
		suffix = ".exe"
	}
	return Binaries{API: filepath.Join(out, "api"+suffix), Thinker: filepath.Join(out, "thinker"+suffix)}, nil
}

// followBuild calls progress for the lines that go build -v prints, and each second
// while it prints none. It returns go's error messages.
func followBuild(printed <-chan string, progress func(doing string)) (messages string) {
	doing := ""
	for tick := time.Tick(time.Second); ; {
		select {
		case line, open := <-printed:
			if !open {
				return messages
			}
			// There is one package path per line. Other lines are error messages.
			name, downloading := strings.CutPrefix(strings.TrimSpace(line), "go: downloading ")
			switch {
			case downloading:
				doing = "downloading " + name
			case strings.ContainsAny(name, " \t#"):
				messages += line + "\n"
				continue
			case name != "":
				doing = "building " + name
			}
		case <-tick:
		}
		if doing != "" {
			progress(doing)
		}
	}
}

var (
	// notDownloaded matches go's errors for a failed download.
	notDownloaded = regexp.MustCompile(`dial tcp|: Get "|module lookup disabled`)
	// killed matches go's errors when it or a compiler was killed, as systems do when
	// memory runs out, or could not get memory.
	killed = regexp.MustCompile(`signal: killed|out of memory|cannot allocate memory`)
	// fileAtStart matches the file at the start of a line of the compiler.
	fileAtStart = regexp.MustCompile(`(?m)^(\s*)([^\s:]+\.(?:go|mod|sum|work)):`)
)

// buildError returns why a build failed, from go's exit and its output.
func buildError(target Target, cmd *exec.Cmd, ended error, printed string) error {
	name, message := target.Name(), strings.TrimSpace(printed)
	switch {
	case notDownloaded.MatchString(printed):
		return fmt.Errorf("%s needs libraries that could not be downloaded. "+
			"Connect to the network, then run this again\n%s", name, message)
	case killed.MatchString(ended.Error() + printed):
		return errors.New(strings.TrimSpace(fmt.Sprintf("go build of %s was killed (%v), most likely for lack of memory. "+
			"Close other programs, then run this again\n%s", name, ended, message)))
	case message == "":
		return fmt.Errorf("go build of %s failed (%v) without a message. To see more, run go build -x ./api ./thinker in %s",
			name, ended, cmd.Dir)
	}
	return &CompileError{Name: name, Output: relativeToHere(printed, cmd.Dir)}
}

// relativeToHere makes the file names in the compiler's output relative to the current
// directory, if that is shorter.
func relativeToHere(text, dir string) string {
	here, err := os.Getwd()
	if err != nil {
		return text
	}
	return fileAtStart.ReplaceAllStringFunc(text, func(match string) string {
		parts := fileAtStart.FindStringSubmatch(match)
		path := parts[2]
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		if rel, err := filepath.Rel(here, path); err == nil && len(rel) <= len(path) {
			path = rel
		}
		return parts[1] + path + ":"
	})
}
