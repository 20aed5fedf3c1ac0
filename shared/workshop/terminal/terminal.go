// Package terminal writes what a learner watches: the services' log lines and
// each trace as a tree with time bars, in the colours that the pages use.
package terminal

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/term"

	"thinker/shared/apm/colour"
)

const (
	defaultWidth = 110 // columns, where the output has none of its own
	minWidth     = 60
)

var (
	ordinary = regexp.MustCompile(`^time=\S+ (level=INFO msg=)?`)
	message  = regexp.MustCompile(`^"([^"\\]*)"`)
)

// A Terminal writes to a person. Its methods may be called from several
// goroutines; what one call writes stays together.
type Terminal struct {
	mu      sync.Mutex
	out     io.Writer
	screen  bool // not a file: lines can be written over
	colours bool
	columns func() int
	passing bool // the last line is a progress line, to be written over
}

// New writes to out: in colour and to its width if it is a terminal and NO_COLOR
// (https://no-color.org) is not set, plainly otherwise.
func New(out io.Writer) *Terminal {
	t := &Terminal{out: out, columns: func() int { return defaultWidth }}
	if file, ok := out.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		t.screen = os.Getenv("TERM") != "dumb"
		t.colours = t.screen && os.Getenv("NO_COLOR") == ""
		t.columns = func() int {
			width, _, err := term.GetSize(int(file.Fd()))
			if err != nil || width <= 0 {
				return defaultWidth
			}
			return max(width, minWidth)
		}
	}
	return t
}

// Printf writes lines as they are.
func (t *Terminal) Printf(format string, args ...any) { t.write(fmt.Sprintf(format, args...)) }

// Progress writes a line that the next one replaces; only on a terminal.
func (t *Terminal) Progress(format string, args ...any) {
	if !t.screen {
		return
	}
	line := shorten(fmt.Sprintf(format, args...), t.columns()-1)
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintf(t.out, "\r\x1b[2K%s", line)
	t.passing = true
}

// EndProgress takes the last progress line away.
func (t *Terminal) EndProgress() { t.write("") }

// Log writes a line that a service printed, marked with the service's name, and
// without the time and the level where they say nothing new.
func (t *Terminal) Log(service, line string) {
	line = ordinary.ReplaceAllString(line, "")
	line = message.ReplaceAllString(line, "$1")
	t.write(t.dim(fmt.Sprintf("%7s │ %s", service, printable(line))) + "\n")
}

func (t *Terminal) write(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.passing {
		fmt.Fprint(t.out, "\r\x1b[2K")
		t.passing = false
	}
	io.WriteString(t.out, text)
}

// Bold sets text apart where that is possible.
func (t *Terminal) Bold(s string) string { return t.sgr("1", s) }

// Red marks what went wrong.
func (t *Terminal) Red(s string) string { return t.sgr("31", s) }

func (t *Terminal) dim(s string) string { return t.sgr("2", s) }

func (t *Terminal) in(c colour.RGB, s string) string {
	if colourterm := os.Getenv("COLORTERM"); colourterm != "truecolor" && colourterm != "24bit" {
		return t.sgr(fmt.Sprintf("38;5;%d", cube(c)), s)
	}
	return t.sgr(fmt.Sprintf("38;2;%d;%d;%d", c.R, c.G, c.B), s)
}

// cube is the nearest of the 6×6×6 colours that terminals with 256 have.
func cube(c colour.RGB) int {
	level := func(v uint8) int { return (int(v) + 25) / 51 }
	return 16 + 36*level(c.R) + 6*level(c.G) + level(c.B)
}

func (t *Terminal) sgr(code, s string) string {
	if !t.colours {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// printable takes control characters out of text that comes from elsewhere, so
// that it cannot move the cursor or change the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' {
			return ' '
		} else if !unicode.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, s)
}
