package lesson

import (
	"net/http"

	"thinker/shared/apm"
)

// A Request is an exchange with the traces that it left.
type Request struct {
	Exchange
	// Headers are those of the request to the microservice; nil if nobody recorded
	// them.
	Headers http.Header
	// Direct reports whether the request went straight to the microservice: see
	// DirectRequest.
	Direct bool
	// Code is the code of the services; nil if only the traces are known. Judge reads
	// it for what no trace can show, such as headers that were set on the wrong request.
	Code Code
	// Traces are those that the request left, the one that began first comes first.
	Traces []apm.Trace
}

// An Expectation is one thing that must be true of the traces of a lesson.
type Expectation struct {
	// ID is its name for programs, unique within the lesson: client-span.
	ID string
	// Says is what must be true, as a line of a checklist.
	Says string
	// Asks are the paths of the requests that it is judged by, in order.
	Asks []string
	// Given reports whether a learner has nothing to do for it: the code that the
	// lesson starts with passes it, or the rest of the lesson brings it along.
	Given bool
	// Hints lead to a solution step by step; the last one is the code itself. They
	// are Markdown.
	Hints [3]string

	judge    judge
	exercise bool
}

// A judge decides what requests show about an expectation.
type judge func(requests []Request) Verdict

// judges are those of a lesson's expectations, by ID.
type judges map[string]judge

// A State is the outcome of an expectation.
type State int

// An expectation is Unchecked until a request comes that it can be judged by, and while
// another one that it builds on is Failed.
const (
	Unchecked State = iota
	Failed
	Passed
)

// String returns failed, for example.
func (s State) String() string { return [...]string{"unchecked", "failed", "passed"}[s] }

// A Verdict is what requests show about an expectation.
type Verdict struct {
	State   State
	TraceID uint64   // of the trace that decided; 0 for none
	Finding *Finding // nil unless the state is Failed
}

// A Finding explains why an expectation failed, to the author of the code.
type Finding struct {
	Expected string // what was expected
	Instead  string // what happened instead
	Cause    string // the likely cause in the code
	Request  string // the path of the request that shows it
	Trees    []Tree // the traces, with the spans in question marked
}

// A Tree is a trace with remarks on some of its spans, by span ID.
type Tree struct {
	Trace apm.Trace
	Marks map[uint64]string
}
