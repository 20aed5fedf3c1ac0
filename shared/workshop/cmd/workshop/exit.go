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
	fmt.Fprintf(w, "workshop: %v\n", err)
	_, unable := errors.AsType[cannotRun](err)
	_, uncompiled := errors.AsType[*runner.CompileError](err)
	if unable || uncompiled {
		return 2
	}
	return 1
}

// reportFault says that this program is at fault, in a line that names a file
// with all that is known of it.
func reportFault(w io.Writer, fault any) int {
	kept := "its trace could not be kept"
	if file, err := os.CreateTemp("", "workshop-fault-*.txt"); err == nil {
		_, err = fmt.Fprintf(file, "%q\n%v\n\n%s", os.Args, fault, debug.Stack())
		if err = errors.Join(err, file.Close()); err == nil {
			kept = "please report it with the file " + file.Name()
		}
	}
	fmt.Fprintf(w, "workshop: this is a fault of the workshop itself, not yours (%.200v): %s\n", fault, kept)
	return 2
}
