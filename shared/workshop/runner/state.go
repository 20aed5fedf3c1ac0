package runner

import "time"

// A Phase is the current activity of a workshop.
type Phase string

// While it builds or starts, or after that has failed, the previous version keeps
// running, if there is one.
const (
	Building Phase = "building"
	Starting Phase = "starting"
	Healthy  Phase = "healthy"
	Failed   Phase = "failed"
)

// A State describes what a workshop is running.
type State struct {
	Target  Target // the chosen code
	Phase   Phase
	Error   string    // why it failed: the compiler's message, or the last lines of a service
	Serving Target    // the running version; its Step is 0 if there is none
	Since   time.Time // when the running version became healthy
}
