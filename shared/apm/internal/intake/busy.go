package intake

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// patience is for how long a payload waits for room in memory, and then for
// the sink. dd-trace-go waits as long for its Agent's answer.
const patience = 10 * time.Second

// A busyError reports that the agent stayed too busy.
type busyError struct {
	what string // that had to wait
	err  error
}

func (b busyError) Error() string { return fmt.Sprintf("wait with %s: %v", b.what, b.err) }
func (b busyError) Unwrap() error { return b.err }

// patiently does what may have to wait with a deadline to it, which is earlier
// if the sender goes away. That there was not time enough is a busyError.
func (in *Intake) patiently(r *http.Request, what string, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(r.Context(), in.patience)
	defer cancel()
	err := do(ctx)
	if errors.Is(err, context.DeadlineExceeded) || (errors.Is(err, context.Canceled) && ctx.Err() != nil) {
		return busyError{what, err}
	}
	return err
}

// A drop is the refusal of a payload for which there was no time. It is
// answered as if it had been taken in, unless its sender has asked to be told.
type drop struct {
	refusal
	reply string
}

func (d drop) Unwrap() error { return d.refusal }

// drop gives a payload up. A tracer that is answered with an error throws the
// payload away as well, and complains to its user: so the Agent says 200 where
// it is not asked for the truth (Datadog-Send-Real-Http-Status), and so do we.
// The truth is on record either way.
func (in *Intake) drop(r *http.Request, busy busyError, reply string) error {
	status := http.StatusOK
	if isTrue(r.Header, "Datadog-Send-Real-Http-Status") {
		status = http.StatusTooManyRequests
	}
	detail := fmt.Errorf("%s dropped: the agent was too busy for %s", busy.what, in.patience)
	if errors.Is(busy, context.Canceled) {
		detail = fmt.Errorf("%s dropped: the sender closed the connection while the agent was busy", busy.what)
	}
	return fmt.Errorf("%w (%w)", drop{refusal{status, reasonBusy, detail}, reply}, busy)
}
