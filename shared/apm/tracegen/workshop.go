package tracegen

import (
	_ "embed"
	"fmt"
	"strings"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
)

// SpansPerTrace is the number of spans in a trace of the workshop's last step.
const SpansPerTrace = 6

//go:embed workshop.json
var workshopJSON string

// workshopParent returns the index of a span's parent in its trace, except for the root.
func workshopParent(span int) int { return [SpansPerTrace]int{0, 0, 1, 2, 3, 3}[span] }

// workshopTrace returns a trace of the workshop: thinker-api requests a thought from
// thinker-microservice, which reads it from Redis or SQLite. One request in 16 is for an
// unknown subject, and one in 40 fails. IDs and times are missing.
func workshopTrace(number int) []*pb.Span {
	subjects := []string{"religion", "technology", "war", "work", "music", "mankind"}
	subject, status, failed := subjects[number%len(subjects)], "200", int32(0)
	message, kind := "", ""
	switch {
	case number%40 == 7:
		status, failed = "500", 1
		message, kind = "read thought: database is locked (5) (SQLITE_BUSY)", "*sqlite.Error"
	case number%16 == 5:
		subject = "art"
		message, kind = `no thought on subject "art"`, "main.unknownSubject"
	}
	instance := number % 4 // of each service
	values := strings.NewReplacer("SUBJECT", subject, "INSTANCE", fmt.Sprint(instance))
	spans := readJSON[[]*pb.Span]([]byte(values.Replace(workshopJSON)))
	for i, span := range spans {
		process := 3200 + instance
		if span.Service == "thinker-api" {
			process = 3100 + instance
		}
		span.Meta["env"], span.Meta["language"], span.Meta["version"] = "load", "go", "step05"
		span.Meta["runtime-id"] = fmt.Sprintf("cbc1ddb5-6483-4339-9d60-%012d", process)
		span.Metrics["process_id"], span.Metrics["_sampling_priority_v1"] = float64(process), 1
		if i < 3 {
			span.Meta["http.status_code"] = status
		}
		if i == 0 || i == 2 || i == 5 {
			span.Error = failed
		}
	}
	if think := spans[3]; message != "" {
		think.Error = 1
		think.Meta["error.message"], think.Meta["error.type"] = message, kind
		think.Meta["error.stack"] = "goroutine 41 [running]:\nmain.(*thinker).think\n\t/src/thinker/main.go:88\n" +
			"net/http.HandlerFunc.ServeHTTP\n\t/usr/local/go/src/net/http/server.go:2322"
	}
	return spans
}

// attributesPerSpan is how many of the load's attributes each span has.
const attributesPerSpan = 14

// addAttributes adds some of the load's different attributes. Each has a hundred values.
func addAttributes(span *pb.Span, number, different int) {
	for i := range min(attributesPerSpan, different) {
		nth := number*attributesPerSpan + i
		key, round := nth%different, nth/different
		span.Meta[fmt.Sprintf("app.attribute_%03d", key)] = fmt.Sprintf("value-%02d", (key+37*round)%100)
	}
}
