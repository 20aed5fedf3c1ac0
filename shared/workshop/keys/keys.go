// Package keys reads single keys from a terminal, and restores it afterwards.
package keys

import (
	"os"
	"regexp"
	"strings"
	"sync"

	"golang.org/x/term"
)

// sequences matches the escape sequences of arrows, F5 and so on. Their digits aren't keys.
var sequences = regexp.MustCompile(`\x1b(\[[0-?]*[ -/]*[@-~]|O.|.|$)`)

// Read returns a channel of the keys typed on in: each key at once, without an echo, and
// pasted text as one string. Ctrl-C and Ctrl-Z work as usual. release restores the
// terminal. If in isn't a terminal, the channel is nil.
// See decisions/terminal-mode.md.
func Read(in *os.File) (keys <-chan string, release func()) {
	if !term.IsTerminal(int(in.Fd())) {
		return nil, func() {}
	}
	typed, released := make(chan string), make(chan struct{})
	read, restore := listen(int(in.Fd()), released)
	go func() {
		for {
			text, err := read()
			if err != nil {
				return
			}
			if text = strings.TrimRight(sequences.ReplaceAllString(text, ""), "\r\n"); text == "" {
				continue
			}
			select {
			case typed <- text:
			case <-released:
				return
			}
		}
	}()
	return typed, sync.OnceFunc(func() {
		close(released)
		restore()
	})
}
