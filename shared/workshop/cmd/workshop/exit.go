package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"thinker/shared/workshop/runner"
)

// A cannotRun is an error that kept a command from running, most often wrong usage.
// The program exits with 2.
type cannotRun struct{ error }

func (e cannotRun) Unwrap() error { return e.error }

// errFailed makes the program exit with 1 and print nothing more: the command ran,
// and its output says what failed.
var errFailed = errors.New("a check failed")

// report prints a command's error, if any, and returns the program's exit code: 2
// if the command could not run, 1 if it ran and failed.
func report(w io.Writer, err error) int {
	if err == nil {
		return 0
	} else if errors.Is(err, errFailed) {
		return 1
	}
	if f, is := errors.AsType[fault](err); is {
		return f.report(w)
	}
	fmt.Fprintf(w, "workshop: %v\n", err)
	_, unable := errors.AsType[cannotRun](err)
	_, uncompiled := errors.AsType[*runner.CompileError](err)
	if unable || uncompiled {
		return 2
	}
	return 1
}

// A fault is a bug of this program, at which it panicked.
type fault struct {
	panicked any
	stack    []byte
}

func (f fault) Error() string { return fmt.Sprint(f.panicked) }

// guarded calls f. If f panics, it returns a fault.
func guarded(f func()) (err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fault{panicked, debug.Stack()}
		}
	}()
	f()
	return nil
}

// report prints one line that says the workshop has a bug, and names a file with the
// stack trace.
func (f fault) report(w io.Writer) int {
	report := "Please report it (the stack trace could not be saved)"
	if file, err := os.CreateTemp("", "workshop-fault-*.txt"); err == nil {
		_, err = fmt.Fprintf(file, "%q\n%v\n\n%s", os.Args, f.panicked, f.stack)
		if err = errors.Join(err, file.Close()); err == nil {
			report = "Please report it with the file " + file.Name()
		}
	}
	fmt.Fprintf(w, "workshop: this is a bug in the workshop, not in your code (%.200v). %s\n", f.panicked, report)
	return 2
}
