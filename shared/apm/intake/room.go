package intake

import (
	"context"

	"golang.org/x/sync/semaphore"
)

const (
	// maxRoom bounds the bodies in memory at any moment, in bytes: once as far
	// as they were announced or guessed at, and once more for those that turn
	// out longer than the guess. What is decoded from them comes on top, and
	// takes a few times as much.
	maxRoom = 32 << 20
	// guess is what a body counts for whose length is not announced, or is that
	// of the packed body, until it is known. Few are longer.
	guess = 1 << 20
)

// A room has space for so many bytes of bodies that are being read, decoded
// and kept. Who finds it full waits, in order of arrival.
//
// It is in two parts so that nobody waits in a circle: those who wait for the
// second part hold some of the first, while those who hold the second wait for
// nothing.
type room struct {
	first, beyond *semaphore.Weighted
}

// newRoom makes a room with size bytes in either part.
func newRoom(size int64) *room {
	return &room{first: semaphore.NewWeighted(size), beyond: semaphore.NewWeighted(size)}
}

// A place is what one body holds of a room.
type place struct {
	room          *room
	first, beyond int64
	guessed       bool // first is a guess
}

// enter waits for space for a body of so many bytes; -1 is not known.
func (r *room) enter(ctx context.Context, length int64) (*place, error) {
	if length == 0 {
		return &place{room: r}, nil // a probe, which is to be answered though all is full
	}
	at := &place{room: r, first: min(length, maxBody), guessed: length < 0}
	if at.guessed {
		at.first = guess
	}
	if err := r.first.Acquire(ctx, at.first); err != nil {
		return nil, err
	}
	return at, nil
}

// grow waits until the body may be longer than guessed, up to maxBody.
func (p *place) grow(ctx context.Context) error {
	const more = maxBody - guess
	if err := p.room.beyond.Acquire(ctx, more); err != nil {
		return err
	}
	p.beyond = more
	return nil
}

// settle gives back what the body, of a length now known, does not need.
func (p *place) settle(length int64) {
	first := min(length, p.first)
	p.give(p.first-first, p.beyond-min(length-first, p.beyond))
}

// leave gives back all that is held.
func (p *place) leave() { p.give(p.first, p.beyond) }

func (p *place) give(first, beyond int64) {
	p.room.first.Release(first)
	p.room.beyond.Release(beyond)
	p.first -= first
	p.beyond -= beyond
}
