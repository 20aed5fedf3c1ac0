// Package terminal writes the learner's output: the services' log lines, and each trace
// as a tree with time bars, in the colours of the pages.
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
)

const (
	defaultWidth = 110 // columns, if the output isn't a terminal
	minWidth     = 60
)

var (
	ordinary = regexp.MustCompile(`^time=\S+ (level=INFO msg=)?`)
	message  = regexp.MustCompile(`^"([^"\\]*)"`)
)

// A Terminal writes for a person. Its methods are safe for concurrent use; the output
// of one call stays together.
type Terminal struct {
	mu      sync.Mutex
	out     io.Writer
	screen  bool // a terminal: lines can be overwritten
	columns func() int
	style
	passing bool // the last line is a progress line, to be overwritten
}

// New returns a Terminal for out. On a terminal it uses the width and, unless NO_COLOR
// (https://no-color.org) is set, colours.
func New(out io.Writer) *Terminal {
	file, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return NewLike(out, Look{Width: func() int { return defaultWidth }})
	}
	screen := os.Getenv("TERM") != "dumb"
	return NewLike(out, Look{Screen: screen, Colours: screen && os.Getenv("NO_COLOR") == "", Width: func() int {
		width, _, err := term.GetSize(int(file.Fd()))
		if err != nil || width <= 0 {
			return defaultWidth
		}
		return max(width, minWidth)
	}})
}

// A Look says what an output can show.
type Look struct {
	Screen  bool       // lines can be replaced
	Colours bool       // and bold text
	Width   func() int // in columns
}

// NewLike returns a Terminal that writes to out as to an output of that look.
func NewLike(out io.Writer, look Look) *Terminal {
	return &Terminal{out: out, screen: look.Screen, columns: look.Width, style: style(look.Colours)}
}

// IsTerminal reports whether the output is a terminal, on which lines can be replaced.
func (t *Terminal) IsTerminal() bool { return t.screen }

// Printf writes lines as they are.
func (t *Terminal) Printf(format string, args ...any) { t.write(fmt.Sprintf(format, args...)) }

// Progress writes a line that the next one replaces. It does so only on a terminal.
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

// EndProgress removes the last progress line.
func (t *Terminal) EndProgress() { t.write("") }

// Log writes a service's log line after the service's name. It leaves out the time, and
// the level if it is INFO.
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

// printable replaces control characters in text from elsewhere, so it can't move the
// cursor or change the terminal.
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
