// Package colour assigns each service a colour, the same on every page and in the
// terminal while the program runs.
package colour

import (
	"fmt"
	"sync"
)

// An RGB is a colour in 24-bit sRGB.
type RGB struct{ R, G, B uint8 }

// Hex returns the colour as in HTML and CSS: #3d7fb0.
func (c RGB) Hex() string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// ParseHex parses what Hex returns.
func ParseHex(text string) (c RGB, err error) {
	_, err = fmt.Sscanf(text, "#%02x%02x%02x", &c.R, &c.G, &c.B)
	return c, err
}

// DarkText reports whether black is easier to read on the colour than white. The sum
// approximates the colour's luminance.
func (c RGB) DarkText() bool {
	r, g, b := int(c.R), int(c.G), int(c.B)
	return 2126*r*r+7152*g*g+722*b*b > 130_000_000
}

// A Palette assigns colours to services in the order of their first appearance. Its zero
// value works. It is safe for concurrent use.
type Palette struct {
	mu    sync.Mutex
	given map[string]RGB
}

// maxServices limits what a palette remembers. Later services share the first colour.
const maxServices = 10_000

// Of returns the service's colour.
func (p *Palette) Of(service string) RGB {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, ok := p.given[service]
	if !ok {
		c = nth(len(p.given) % maxServices)
		p.remember(service, c)
	}
	return c
}

// Give sets the service's colour, which another palette has assigned.
func (p *Palette) Give(service string, c RGB) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.remember(service, c)
}

func (p *Palette) remember(service string, c RGB) {
	if p.given == nil {
		p.given = map[string]RGB{}
	}
	if len(p.given) < maxServices {
		p.given[service] = c
	}
}

// nth returns the n-th service's colour, from 0. After 24 services, colours repeat. Each
// is as different as possible from those before it, also to the colour-blind, so they
// differ in lightness as well as in hue. Each has a contrast of at least 3:1 with the
// light page and with the dark one. Reds mean errors, so there are none.
func nth(n int) RGB {
	colours := [...]RGB{
		{0x42, 0x84, 0xc5}, {0xcc, 0x7d, 0x1b}, {0x54, 0x6c, 0x3a}, {0x00, 0xa6, 0x7f},
		{0x8b, 0x4e, 0x8f}, {0x98, 0x84, 0xf3}, {0x5a, 0x58, 0xc2}, {0xc3, 0x5a, 0xa4},
		{0x8e, 0x7f, 0x56}, {0x2f, 0x83, 0x7f}, {0xa3, 0x4d, 0x00}, {0xbb, 0x81, 0xb6},
		{0x84, 0x9d, 0x57}, {0x70, 0x71, 0xdd}, {0x29, 0x9f, 0xcd}, {0x5d, 0x82, 0x2f},
		{0xc8, 0x5d, 0x00}, {0x13, 0x6b, 0x94}, {0x82, 0x5e, 0xb9}, {0x00, 0x7e, 0x57},
		{0x59, 0x7f, 0x9b}, {0x81, 0x5b, 0x74}, {0x66, 0x9e, 0x9a}, {0xa5, 0x69, 0xbf},
	}
	return colours[n%len(colours)]
}
