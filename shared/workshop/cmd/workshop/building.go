package main

import (
	"sync"
	"time"

	"thinker/shared/workshop/terminal"
)

// A building shows the progress of a build.
type building struct {
	out *terminal.Terminal

	mu      sync.Mutex
	doing   string // shown last
	count   int    // packages of this build
	began   time.Time
	printed time.Time // when the last line for a file was
}

// tell shows a package that is being compiled or downloaded. It counts a package once,
// however often it is told: a large one takes many seconds.
func (b *building) tell(doing string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.count == 0 {
		b.began, b.printed = time.Now(), time.Now()
	}
	if doing != b.doing {
		b.doing, b.count = doing, b.count+1
		if b.count == 20 {
			b.out.Printf("building: this takes a minute or two the first time, and about a second after that\n")
		}
	}
	took := time.Since(b.began).Seconds()
	b.out.Progress("%s (%d so far, %.0f s)", doing, b.count, took)
	if !b.out.IsTerminal() && time.Since(b.printed) > 15*time.Second {
		b.out.Printf("%s (%d so far, %.0f s)\n", doing, b.count, took)
		b.printed = time.Now()
	}
}

// reset starts counting for the next build.
func (b *building) reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.doing, b.count = "", 0
}
