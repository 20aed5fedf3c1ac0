package client

import (
	"context"

	"thinker/shared/apm/api"
)

// Intake returns the agent's report about the tracers that sent spans, and about what it
// refused.
func (c *Client) Intake(ctx context.Context) (api.Intake, error) {
	report, err := c.agent().Intake(ctx)
	return report, queryError(err)
}
