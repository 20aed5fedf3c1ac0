package intake

import (
	"context"

	"golang.org/x/sync/semaphore"
)

// A stage is a step between a body and the sink that needs its own memory.
type stage int

const (
	// arriving is for bodies as they arrive, up to maxShare of each.
	arriving stage = iota
	// remaining is for the rest of long bodies, and of those that found no room in
	// arriving. Each reserves all of it at once.
	remaining
	// decoding is for the decoded spans, as estimated before.
	decoding
	// tagged is for links and events in tags.
	tagged
	// storing is for the portions that the sink is storing.
	storing

	stages
)

const (
	// maxShare limits what one body reserves while it arrives. Few are longer, and those
	// wait for each other; the others don't wait for them.
	maxShare = 1 << 20
	// maxStoring limits what the sink stores at any moment.
	maxStoring = 24 << 20
)

// A memory limits the bytes that all payloads use in each stage. A payload that finds a
// stage full waits, first come, first served.
//
// Payloads go through the stages in order, and reserve once in each stage after the
// first. A payload that waits for a stage holds nothing of it or of a later one. So no
// two payloads wait for each other.
type memory [stages]*semaphore.Weighted

func newMemory() (m memory) {
	for s, size := range [stages]int64{maxBody, maxBody, maxDecoded, maxTagged, maxStoring} {
		m[s] = semaphore.NewWeighted(size)
	}
	return m
}

// A reservation is what one payload has reserved.
type reservation struct {
	memory *memory
	held   [stages]int64
}

// take waits for memory in a stage.
func (r *reservation) take(ctx context.Context, s stage, size int64) error {
	if err := r.memory[s].Acquire(ctx, size); err != nil {
		return err
	}
	r.held[s] += size
	return nil
}

// arrived reserves memory for bytes of a body that have arrived. If there is none, it
// waits until there is enough for the longest that the body can be.
func (r *reservation) arrived(ctx context.Context, size, longest int64) error {
	if r.held[remaining] > 0 {
		return nil
	}
	if r.held[arriving]+size <= maxShare && r.memory[arriving].TryAcquire(size) {
		r.held[arriving] += size
		return nil
	}
	return r.take(ctx, remaining, max(size, longest-r.held[arriving]))
}

// complete releases what a body, whose length is now known, doesn't need.
func (r *reservation) complete(length int64) {
	r.release(remaining, max(0, r.held[remaining]-(length-r.held[arriving])))
}

func (r *reservation) release(s stage, size int64) {
	r.memory[s].Release(size)
	r.held[s] -= size
}

func (r *reservation) releaseAll() {
	for s := range stages {
		r.release(s, r.held[s])
	}
}
