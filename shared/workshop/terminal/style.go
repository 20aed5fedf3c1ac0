package terminal

import (
	"fmt"
	"os"

	"thinker/shared/apm/colour"
)

// A style formats text in colours, or leaves it as it is.
type style bool

// Bold makes text bold if the terminal can.
func (s style) Bold(text string) string { return s.sgr("1", text) }

// Red marks a failure.
func (s style) Red(text string) string { return s.sgr("31", text) }

func (s style) dim(text string) string { return s.sgr("2", text) }

func (s style) in(c colour.RGB, text string) string {
	if colourterm := os.Getenv("COLORTERM"); colourterm != "truecolor" && colourterm != "24bit" {
		return s.sgr(fmt.Sprintf("38;5;%d", cube(c)), text)
	}
	return s.sgr(fmt.Sprintf("38;2;%d;%d;%d", c.R, c.G, c.B), text)
}

// cube returns the nearest of the 6×6×6 colours of a 256-colour terminal.
func cube(c colour.RGB) int {
	level := func(v uint8) int { return (int(v) + 25) / 51 }
	return 16 + 36*level(c.R) + 6*level(c.G) + level(c.B)
}

func (s style) sgr(code, text string) string {
	if !s {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s style) marked(mark Mark) string {
	switch mark {
	case Yes:
		return s.sgr("32", string(mark))
	case No:
		return s.Red(string(mark))
	default:
		return s.dim(string(mark))
	}
}
