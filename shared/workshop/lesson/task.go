package lesson

// Task returns what a learner does in a lesson.
func Task(step int) string { return tasks[step-1] }

var tasks = [...]string{
	"Trace the microservice: start its tracer, and give each thought a span named think, tagged with the subject.",
	"Connect the two traces: the api sends its trace and span IDs in two headers, X-Datadog-Trace-Id and " +
		"X-Datadog-Parent-Id. The microservice continues that trace.",
	"Let the library connect the traces: use an instrumented router in both services, and an instrumented HTTP client " +
		"in the api. Then delete both trace.go files.",
	"Move the thoughts into SQLite and read them through an instrumented driver, so that each query is a span " +
		"below think.",
	"Cache each thought in Redis for 30 seconds, through an instrumented client, so that a repeated request skips the " +
		"wait and the query.",
}
