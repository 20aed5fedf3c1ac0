package main

import (
	"sync/atomic"

	"thinker/shared/workshop/terminal"
)

// A building tells of a build that is under way.
type building struct {
	out  *terminal.Terminal
	done atomic.Int32 // packages of this build
}

// tell tells of a package that is compiled or downloaded.
func (b *building) tell(doing string) {
	done := b.done.Add(1)
	if done == 20 {
		b.out.Printf("building: the first time this takes a minute or two, later a second\n")
	}
	b.out.Progress("%s (%d so far)", doing, done)
}
