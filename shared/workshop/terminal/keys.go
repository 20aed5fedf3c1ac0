package terminal

import (
	"os"
	"regexp"
	"strings"
	"sync"

	"golang.org/x/term"
)

// sequences are what arrows, F5 and the like arrive as: digits in it are no keys.
var sequences = regexp.MustCompile(`\x1b(\[[0-?]*[ -/]*[@-~]|O.|.|$)`)

// Keys gives what somebody types on in: each key as it is pressed, without being
// shown, and what is pasted as one text. Ctrl-C and Ctrl-Z stay what they are.
// The terminal is as it was before once release has been called.
//
// Where in or the output is no terminal there are no keys, and the channel is nil.
func (t *Terminal) Keys(in *os.File) (keys <-chan string, release func()) {
	if !t.screen || !term.IsTerminal(int(in.Fd())) {
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
