package runner

import "time"

// A Phase is what a workshop is doing.
type Phase string

// While it builds, starts, or has failed at either, the code that was healthy
// before goes on answering, if there was any.
const (
	Building Phase = "building"
	Starting Phase = "starting"
	Healthy  Phase = "healthy"
	Failed   Phase = "failed"
)

// A State is what a workshop runs, and how that goes.
type State struct {
	Target  Target // what is wanted
	Phase   Phase
	Error   string    // why it failed: the compiler's message as it is, or the last lines of a service
	Serving Target    // what answers; its Step is 0 as long as nothing does
	Since   time.Time // when what answers became healthy
}
