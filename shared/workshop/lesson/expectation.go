package lesson

import (
	"net/http"
	"time"

	"thinker/shared/apm"
)

// A Request is one request to thinker-api, and all that came of it.
type Request struct {
	Path   string // as it was asked: /think/?subject=war
	Start  time.Time
	End    time.Time
	Status int    // 0 where only its traces are known
	Body   string // of the answer; empty where only its traces are known
	// Headers are those with which the api asked the thinker; nil where nobody
	// has listened between the two.
	Headers http.Header
	// Traces are those that the request left, the one it began with first.
	Traces []apm.Trace
}

// An Expectation is one thing that must be true of the traces of a lesson.
type Expectation struct {
	// ID is its name for programs, unique within the lesson: client-span.
	ID string
	// Says is what must be true, as a checklist has it: one sentence.
	Says string
	// Asks are the paths of the requests that it takes to judge it, in order.
	Asks []string
	// Hints tell more and more about how to reach it; the last is the lines of
	// code themselves. They are Markdown.
	Hints [3]string

	judge func(requests []Request) Verdict
}

// A State is how an expectation stands.
type State int

// An expectation is open as long as there is no request to judge it by, or none
// that meets those which come before it and which it builds on.
const (
	Open State = iota
	Unmet
	Met
)

// A Verdict is what requests say of an expectation.
type Verdict struct {
	State   State
	TraceID uint64   // of the trace that it was judged by; 0 for none
	Finding *Finding // where it is unmet; else nil
}

// A Finding says why an expectation is unmet, in sentences for who wrote the code.
type Finding struct {
	Expected string // what was expected
	Instead  string // what came instead
	Cause    string // the likely cause in the code
	Request  string // the path of the request that shows it
	Trees    []Tree // what came, with the offending places marked
}

// A Tree is a trace with remarks on some of its spans, by their IDs.
type Tree struct {
	Trace apm.Trace
	Marks map[uint64]string
}
