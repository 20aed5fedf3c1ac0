package lesson

import (
	"slices"
	"strings"
)

// A Result is an expectation and its outcome.
type Result struct {
	Expectation
	Verdict
}

// Expectations returns what must be true of a step's traces, in the order in which
// a learner gets there.
// See decisions/lesson-expectations.md.
func Expectations(step int) []Expectation {
	return slices.DeleteFunc(readExpectations(step), func(e Expectation) bool { return e.exercise })
}

// Exercise returns what must be true of a step's traces once its exercise is done.
// It returns nothing for a step without one. The requests are those of the step.
func Exercise(step int) (all []Expectation) {
	for _, e := range readExpectations(step) {
		if e.exercise {
			all = append(all, e)
		}
	}
	return all
}

// readExpectations reads a step's expectations. Each has a section, whose heading has the
// ID and the sentence. Below it are the requests, with given or exercise if it is that, and
// three hints separated by lines.
func readExpectations(step int) (all []Expectation) {
	judges := []func() judges{untracedLink, manualHeaders, automaticPropagation, sqliteStore, redisCache}[step-1]()
	for _, section := range strings.Split("\n"+text("expectations/step%02d.md", step), "\n## ")[1:] {
		heading, rest, _ := strings.Cut(section, "\n")
		id, says, _ := strings.Cut(heading, ": ")
		e := Expectation{ID: id, Says: says, judge: judges[id]}
		properties, hints, _ := strings.Cut(strings.TrimSpace(rest), "\n\n")
		for _, property := range strings.Split(properties, "\n") {
			if path, ok := strings.CutPrefix(property, "GET "); ok {
				e.Asks = append(e.Asks, path)
			}
			e.Given = e.Given || property == "given"
			e.exercise = e.exercise || property == "exercise"
		}
		for i, hint := range strings.SplitN(hints, "\n---\n", len(e.Hints)) {
			e.Hints[i] = strings.TrimSpace(hint)
		}
		all = append(all, e)
	}
	return all
}

// Judge returns the outcome of each expectation, from the requests sent so far in
// the order of their start. Each is judged by the last requests that fit it.
func Judge(step int, requests []Request) []Result {
	return judgeAll(Expectations(step), requests)
}

// JudgeExercise is Judge for the expectations of a step's exercise.
func JudgeExercise(step int, requests []Request) []Result {
	return judgeAll(Exercise(step), requests)
}

func judgeAll(expectations []Expectation, requests []Request) []Result {
	var results []Result
	for _, expectation := range expectations {
		results = append(results, Result{expectation, expectation.judge(requests)})
	}
	return results
}
