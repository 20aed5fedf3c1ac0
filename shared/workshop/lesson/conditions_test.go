package lesson_test

import (
	"fmt"
	"testing"

	"thinker/shared/apm/apmtest"
	"thinker/shared/workshop/runner"
)

// TestLessonsInWords asks of each step what its lesson says, in the words that a
// developer would use for a service of their own.
func TestLessonsInWords(t *testing.T) {
	var (
		api     = "service:thinker-api operation_name:http.request"
		thinker = `service:thinker-microservice resource_name:"GET /"`
		client  = "service:thinker-api resource_name:http.request"
		think   = "operation_name:think @subject:"
	)
	for step, lesson := range map[int]struct {
		subject string
		shows   [][]apmtest.Condition // of one trace each
	}{
		1: {"war", [][]apmtest.Condition{
			{apmtest.Spans(1), apmtest.Span(api)},
			{apmtest.Spans(2), apmtest.Child(thinker, think+"war")},
		}},
		2: {"peace", [][]apmtest.Condition{
			{apmtest.Child(api, thinker), apmtest.Child(thinker, think+"peace status:error"), apmtest.NoSpan("status:error -operation_name:think")},
		}},
		3: {"war", [][]apmtest.Condition{
			{apmtest.Child(api, client), apmtest.Child(client, thinker), apmtest.NoErrors()},
		}},
		4: {"mankind", [][]apmtest.Condition{
			{apmtest.Child(think+"mankind", "service:sqlite.db type:sql"), apmtest.NoErrors()},
		}},
		5: {"mankind", [][]apmtest.Condition{
			{apmtest.Child(think+"mankind", "resource_name:set"), apmtest.Child(think+"mankind", "type:sql")},
			{apmtest.Child(think+"mankind", "resource_name:get"), apmtest.NoSpan("type:sql")},
		}},
	} {
		t.Run(runner.StepName(step), func(t *testing.T) {
			running, ports, _ := up(t, step, "")
			for range 2 { // the second time, the last step has it in its cache
				ask(t, fmt.Sprintf("GET http://localhost:%d/think/?subject=%s", ports.API, lesson.subject))
			}
			if err := running.StopServices(); err != nil {
				t.Fatal(err)
			}
			agent := apmtest.Of(t, running.Agent)
			for _, conditions := range lesson.shows {
				agent.RequireTrace(conditions...)
			}
		})
	}
}
