// Package colour gives each service a colour of its own, the same on every
// page and in the terminal, for as long as the program runs.
package colour

import (
	"fmt"
	"math"
	"sync"
)

// RGB is a colour in 24-bit sRGB.
type RGB struct{ R, G, B uint8 }

// Hex writes the colour the way HTML and CSS read it: #3d7fb0.
func (c RGB) Hex() string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// ParseHex reads what Hex writes.
func ParseHex(text string) (c RGB, err error) {
	_, err = fmt.Sscanf(text, "#%02x%02x%02x", &c.R, &c.G, &c.B)
	return c, err
}

// A Palette hands out colours to services in order of first appearance. Its
// zero value is ready to use, also by several goroutines at once.
type Palette struct {
	mu    sync.Mutex
	given map[string]RGB
}

// maxServices bounds what a palette remembers. Names past it, which nobody
// could tell apart by colour anyway, share the first one.
const maxServices = 10_000

// Of is the service's colour.
func (p *Palette) Of(service string) RGB {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c, ok := p.given[service]; ok {
		return c
	}
	if len(p.given) >= maxServices {
		return nth(0)
	}
	if p.given == nil {
		p.given = map[string]RGB{}
	}
	c := nth(len(p.given))
	p.given[service] = c
	return c
}

// Give has a service keep the colour that another palette has given it.
func (p *Palette) Give(service string, c RGB) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.given == nil {
		p.given = map[string]RGB{}
	}
	if len(p.given) < maxServices {
		p.given[service] = c
	}
}

// nth is the colour of the service that came n-th, from 0; those from the 25th
// on have them again. Each was chosen as far as can be from those before it, as
// they are seen with and without each kind of colour blindness, so they differ in
// lightness as well as in hue, and the first ones most. Each keeps a contrast of
// 3:1 with the light page and with the dark one. Reds are left out: they mean
// errors.
func nth(n int) RGB {
	colours := [...]struct{ lightness, chroma, hue float64 }{
		{0.60, 0.12, 250}, {0.66, 0.14, 65}, {0.50, 0.08, 130}, {0.64, 0.14, 170}, {0.52, 0.12, 325}, {0.68, 0.16, 290},
		{0.52, 0.16, 280}, {0.62, 0.16, 340}, {0.60, 0.06, 90}, {0.56, 0.08, 190}, {0.52, 0.14, 55}, {0.68, 0.10, 330},
		{0.66, 0.10, 125}, {0.60, 0.16, 280}, {0.66, 0.12, 230}, {0.56, 0.12, 130}, {0.60, 0.16, 50}, {0.50, 0.10, 235},
		{0.56, 0.14, 300}, {0.52, 0.12, 165}, {0.58, 0.06, 240}, {0.52, 0.06, 340}, {0.66, 0.06, 190}, {0.62, 0.14, 315},
	}
	c := colours[n%len(colours)]
	return oklch(c.lightness, c.chroma, c.hue)
}

// oklch converts lightness (0 to 1), chroma and hue (degrees) to the nearest
// sRGB colour. The matrices are Björn Ottosson's,
// https://bottosson.github.io/posts/oklab/.
func oklch(lightness, chroma, hue float64) RGB {
	sin, cos := math.Sincos(hue * math.Pi / 180)
	a, b := chroma*cos, chroma*sin

	l := math.Pow(lightness+0.3963377774*a+0.2158037573*b, 3)
	m := math.Pow(lightness-0.1055613458*a-0.0638541728*b, 3)
	s := math.Pow(lightness-0.0894841775*a-1.2914855480*b, 3)

	return RGB{
		R: gamma(4.0767416621*l - 3.3077115913*m + 0.2309699292*s),
		G: gamma(-1.2684380046*l + 2.6097574011*m - 0.3413193965*s),
		B: gamma(-0.0041960863*l - 0.7034186147*m + 1.7076147010*s),
	}
}

// gamma encodes a linear intensity (0 to 1, clipped to it) in 8 bits of sRGB.
func gamma(linear float64) uint8 {
	linear = min(max(linear, 0), 1)
	if linear <= 0.0031308 {
		return uint8(math.Round(255 * 12.92 * linear))
	}
	return uint8(math.Round(255 * (1.055*math.Pow(linear, 1/2.4) - 0.055)))
}

// DarkText tells whether black is easier to read on the colour than white.
func (c RGB) DarkText() bool { return c.luminance() > 0.179 } // where both have the same contrast

// luminance is defined at https://www.w3.org/TR/WCAG22/#dfn-relative-luminance.
func (c RGB) luminance() float64 {
	linear := func(v uint8) float64 {
		if s := float64(v) / 255; s > 0.04045 {
			return math.Pow((s+0.055)/1.055, 2.4)
		}
		return float64(v) / 255 / 12.92
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}
