package agent

import (
	"context"
	"errors"
	"fmt"

	"thinker/shared/apm"
	"thinker/shared/apm/colour"
	"thinker/shared/apm/internal/intake"
	"thinker/shared/apm/internal/store"
)

// A sink stores spans. It also gives services their colours, in the order in which their
// spans arrive, not in the order in which pages show them.
type sink struct {
	store   *store.Store
	palette *colour.Palette
}

func (s sink) Add(ctx context.Context, spans []apm.Span) error {
	for i := range spans {
		if i == 0 || spans[i].Service != spans[i-1].Service {
			s.palette.Of(spans[i].Service)
		}
	}
	err := s.store.Add(ctx, spans)
	if errors.Is(err, store.ErrFull) {
		return fmt.Errorf("%w (%w)", intake.ErrFull, err)
	}
	return err
}
