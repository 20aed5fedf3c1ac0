package lesson

// Task returns what a learner does in a lesson.
func Task(step int) string { return tasks[step-1] }

var tasks = [...]string{
	"Make the microservice report its work: start its tracer, and put a span named think around each thought, tagged with the subject.",
	"Connect the two traces: the api sends its span in two headers, X-Datadog-Trace-Id and X-Datadog-Parent-Id, and the microservice starts its own span below it.",
	"Let the library connect the traces: use an instrumented router in both services and an instrumented HTTP client in the api, then delete both trace.go files.",
	"Move the thoughts into SQLite and read them through an instrumented driver, so that each query is a span below think.",
	"Cache each thought in Redis for 30 seconds, through an instrumented client, so that a repeated request skips the wait and the query.",
}
