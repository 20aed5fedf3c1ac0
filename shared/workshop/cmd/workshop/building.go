package main

import (
	"sync/atomic"

	"thinker/shared/workshop/terminal"
)

// A building shows the progress of a build.
type building struct {
	out  *terminal.Terminal
	done atomic.Int32 // packages of this build
}

// tell counts a package that is being compiled or downloaded, and shows it.
func (b *building) tell(doing string) {
	done := b.done.Add(1)
	if done == 20 {
		b.out.Printf("building: this takes a minute or two the first time, and about a second after that\n")
	}
	b.out.Progress("%s (%d so far)", doing, done)
}
