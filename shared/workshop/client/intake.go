package client

import (
	"context"
	"time"
)

// An Intake is the agent's report about the tracers that sent spans, and about what it
// refused.
type Intake struct {
	Since    time.Time
	Calls    int // requests of every kind
	Payloads int
	Spans    int
	Tracers  []Tracer
	Losses   []Loss
	Chain    []Link
}

// A Link is one condition for a trace to be found, in the order in which a trace meets
// them.
type Link struct {
	Holds bool
	Says  string
	Do    string // where it does not hold
}

// A Tracer has sent spans.
type Tracer struct {
	Service     string
	Version     string // the step's name
	Spans       int
	LastContact time.Time `json:"last_contact"`
	// How far its clock seemed to be ahead by its last payload, and how far it
	// was off at most.
	Clock     time.Duration `json:"clock_offset"`
	ClockMost time.Duration `json:"clock_offset_most"`
}

// A Loss counts what was refused, dropped or left out for one reason.
type Loss struct {
	Reason string
	Count  int
	Advice string // what to do about it
}

// Intake returns the agent's report.
func (c *Client) Intake(ctx context.Context) (Intake, error) {
	var report Intake
	err := c.ask(ctx, "/api/intake", nil, &report)
	return report, err
}
