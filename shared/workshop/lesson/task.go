package lesson

// Task is what a learner has to do to reach a lesson, in a sentence.
func Task(step int) string { return tasks[step-1] }

var tasks = [...]string{
	"Have the thinker report what it does: start its tracer, and put a span named think around each thought, with the subject as a tag.",
	"Join the two traces: have the api name its span in two headers, X-Datadog-Trace-Id and X-Datadog-Parent-Id, and the thinker start its span below the one that they name.",
	"Let the library do it: an instrumented router in both services and an instrumented HTTP client in the api, in place of what trace.go does by hand.",
	"Move the thoughts into SQLite, and read them through an instrumented driver, so that the query is a span below think.",
	"Remember each thought in Redis for 30 seconds, through an instrumented client, and where nobody has thought about a subject, answer with a thought by The Machine.",
}
