package lesson_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/client"
	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/need"
	"thinker/shared/workshop/runner"
)

// TestLessons sends each step's requests to its services, built with the race
// detector. It compares the responses and traces with the golden files and with what
// the lesson expects, both with the workshop's own Redis and with a real one.
func TestLessons(t *testing.T) {
	for step := 1; step <= runner.Steps; step++ {
		t.Run(runner.StepName(step), func(t *testing.T) {
			if step < 5 {
				play(t, step, "")
				return
			}
			t.Run("its own Redis", func(t *testing.T) { play(t, step, "") })
			t.Run("redis-server", func(t *testing.T) { play(t, step, need.Redis(t)) })
		})
	}
}

func play(t *testing.T, step int, redis string) {
	delay := "THINK_DELAY=50ms"
	if step == 5 {
		delay = "THINK_DELAY=1s" // of which a tenth is more than what a busy machine takes
	}
	running, ports, _ := up(t, step, redis, delay, "REDIS_TIMEOUT=2s") // the machine may be busy
	asks := &client.Client{API: fmt.Sprintf("http://localhost:%d", ports.API), Agent: running.Agent.URL()}
	played, err := asks.Play(need.Context(t), step)
	if err != nil {
		t.Fatal(err)
	}
	// A service that has stopped has sent every span it will ever send.
	if err := running.StopServices(); err != nil {
		t.Fatal(err)
	}
	traces, err := asks.Traces(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	text := lesson.Transcript(lesson.Title(step), played, traces)
	checkout.Compare(t, filepath.Join("steps", runner.StepName(step)+".txt"), text)
	for _, r := range lesson.Judge(step, lesson.Requested(played, traces)) {
		if r.State != lesson.Passed {
			t.Errorf("%s did not pass: %+v", r.ID, r.Finding)
		}
	}
}
