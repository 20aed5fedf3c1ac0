package intake

import (
	"context"

	"golang.org/x/sync/semaphore"
)

// A stage is a part of the way from a body to the sink that takes memory of its
// own.
type stage int

const (
	// bodies are counted as they arrive, up to maxShare of each.
	bodies stage = iota
	// rest is what long bodies have beyond their share, and what others still
	// need that find the first stage full. Each reserves all of it at once.
	rest
	// decoded are the spans of payloads, as weigh estimates them.
	decoded
	// tagged are links and events that come as JSON in tags.
	tagged
	// storing are portions of spans that the sink is given.
	storing

	stages
)

// maxRoom bounds the bodies in memory at any moment, in bytes, and once more
// the rest of those that found no room.
const maxRoom = maxBody

// maxShare is what one body may take of the first stage, in bytes. Few are
// longer, and those wait for each other, not the others for them.
const maxShare = 1 << 20

// A room has space for so many bytes of payloads in each stage. A payload that
// finds a stage full waits, in order of arrival.
//
// A payload goes through the stages in order, and takes space in each but the
// first once. So nobody waits in a circle: who waits for a stage holds nothing
// of it or of a later one.
type room [stages]*semaphore.Weighted

// newRoom makes a room with size bytes for bodies, and for the rest of them.
func newRoom(size int64) *room {
	r := &room{}
	for s, size := range [stages]int64{size, size, maxDecoded, maxTagged, maxStoring} {
		r[s] = semaphore.NewWeighted(size)
	}
	return r
}

// A place is what one payload holds of a room.
type place struct {
	room *room
	held [stages]int64
}

// enter returns a place that holds nothing yet.
func (r *room) enter() *place { return &place{room: r} }

// take waits for space in a stage.
func (p *place) take(ctx context.Context, s stage, size int64) error {
	if err := p.room[s].Acquire(ctx, size); err != nil {
		return err
	}
	p.held[s] += size
	return nil
}

// arrived takes space for bytes of a body that have arrived. Where there is
// none, it waits until there is space for all that the body may have yet.
func (p *place) arrived(ctx context.Context, size, longest int64) error {
	if p.held[rest] > 0 {
		return nil
	}
	if p.held[bodies]+size <= maxShare && p.room[bodies].TryAcquire(size) {
		p.held[bodies] += size
		return nil
	}
	return p.take(ctx, rest, max(size, longest-p.held[bodies]))
}

// settle releases what the body, whose length is now known, did not need.
func (p *place) settle(length int64) {
	p.give(rest, max(0, p.held[rest]-(length-p.held[bodies])))
}

// give releases space.
func (p *place) give(s stage, size int64) {
	p.room[s].Release(size)
	p.held[s] -= size
}

// leave releases all that is held.
func (p *place) leave() {
	for s := range stages {
		p.give(s, p.held[s])
	}
}
