package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"thinker/shared/workshop/runner"
)

// A cannotRun is an error that kept a command from its work, most often for what
// the caller typed or set; it ends the program with 2.
type cannotRun struct{ error }

func (e cannotRun) Unwrap() error { return e.error }

// errNo ends the program with 1 and nothing more to say: the command ran, and its
// output says that the answer is no.
var errNo = errors.New("the answer is no")

// report says what a command ended with, and returns the program's exit code. An
// error of its own kind is an answer: the command ran, and failed.
func report(w io.Writer, err error) int {
	if err == nil {
		return 0
	} else if errors.Is(err, errNo) {
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

// A fault is a mistake of this program's own, at which it panicked.
type fault struct {
	panicked any
	stack    []byte
}

func (f fault) Error() string { return fmt.Sprint(f.panicked) }

// guarded calls f; if it panics, that is the error, a fault.
func guarded(f func()) (err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fault{panicked, debug.Stack()}
		}
	}()
	f()
	return nil
}

// report says that this program is at fault, in a line that names a file with all
// that is known of it.
func (f fault) report(w io.Writer) int {
	kept := "its trace could not be kept"
	if file, err := os.CreateTemp("", "workshop-fault-*.txt"); err == nil {
		_, err = fmt.Fprintf(file, "%q\n%v\n\n%s", os.Args, f.panicked, f.stack)
		if err = errors.Join(err, file.Close()); err == nil {
			kept = "please report it with the file " + file.Name()
		}
	}
	fmt.Fprintf(w, "workshop: this is a fault of the workshop itself, not yours (%.200v): %s\n", f.panicked, kept)
	return 2
}
