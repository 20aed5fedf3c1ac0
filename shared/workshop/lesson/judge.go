package lesson

// A Result is an expectation and its outcome.
type Result struct {
	Expectation
	Verdict
}

// Expectations returns what must be true of a step's traces, in the order in which
// a learner gets there.
// See decisions/lesson-expectations.md.
func Expectations(step int) []Expectation {
	lessons := [][]Expectation{untracedLink(), manualHeaders(), automaticPropagation(), sqliteStore(), redisCache()}
	return withHints(step, lessons[step-1])
}

// Exercise returns what must be true of a step's traces once its exercise is done.
// It returns nothing for a step without one. The requests are those of the step.
func Exercise(step int) []Expectation {
	if step != 4 {
		return nil
	}
	return withHints(step, theMachine())
}

func withHints(step int, expectations []Expectation) []Expectation {
	for i := range expectations {
		expectations[i].Hints = hints(step, expectations[i].ID)
	}
	return expectations
}

// Judge returns the outcome of each expectation, from the requests sent so far in
// the order of their start. Each is judged by the last requests that fit it.
func Judge(step int, requests []Request) []Result {
	return judge(Expectations(step), requests)
}

// JudgeExercise is Judge for the expectations of a step's exercise.
func JudgeExercise(step int, requests []Request) []Result {
	return judge(Exercise(step), requests)
}

func judge(expectations []Expectation, requests []Request) []Result {
	var results []Result
	for _, expectation := range expectations {
		results = append(results, Result{expectation, expectation.judge(requests)})
	}
	return results
}
