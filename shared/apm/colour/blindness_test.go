package colour

import (
	"math"
	"testing"
)

// visions are how colours are seen: what each kind of eye makes of linear sRGB.
// The matrices of blindness are Machado, Oliveira and Fernandes', at full
// severity (https://doi.org/10.1109/TVCG.2009.113).
var visions = map[string][3][3]float64{
	"common":       {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
	"protanopia":   {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
	"deuteranopia": {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
	"tritanopia":   {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}},
}

// TestColoursDifferForTheColourBlind holds how far colours are apart, as a
// distance in OKLab: 0.02 is what can just be told beside one another.
func TestColoursDifferForTheColourBlind(t *testing.T) {
	for name, vision := range visions {
		for _, c := range []struct {
			services int
			apart    float64
		}{{4, 0.06}, {8, 0.055}, {12, 0.045}, {24, 0.023}} {
			for i := range c.services {
				for j := range i {
					if got := distance(seen(nth(i), vision), seen(nth(j), vision)); got < c.apart {
						t.Errorf("%s: of %d services, the colours of %d and %d are %.3f apart, want %.3f", name, c.services, j, i, got, c.apart)
					}
				}
			}
		}
	}
	red := seen(RGB{0xc0, 0x26, 0x2d}, visions["common"]) // of errors
	for i := range 24 {
		if got := distance(seen(nth(i), visions["common"]), red); got < 0.08 {
			t.Errorf("colour %d, %s, is %.3f from that of errors", i, nth(i).Hex(), got)
		}
	}
}

// seen is a colour in OKLab, as an eye sees it.
func seen(c RGB, vision [3][3]float64) [3]float64 {
	linear := func(v uint8) float64 {
		if x := float64(v) / 255; x > 0.04045 {
			return math.Pow((x+0.055)/1.055, 2.4)
		}
		return float64(v) / 255 / 12.92
	}
	var r [3]float64
	for i, row := range vision {
		r[i] = min(1, max(0, row[0]*linear(c.R)+row[1]*linear(c.G)+row[2]*linear(c.B)))
	}
	l := math.Cbrt(0.4122214708*r[0] + 0.5363325363*r[1] + 0.0514459929*r[2])
	m := math.Cbrt(0.2119034982*r[0] + 0.6806995451*r[1] + 0.1073969566*r[2])
	s := math.Cbrt(0.0883024619*r[0] + 0.2817188376*r[1] + 0.6299787005*r[2])
	return [3]float64{
		0.2104542553*l + 0.7936177850*m - 0.0040720468*s,
		1.9779984951*l - 2.4285922050*m + 0.4505937099*s,
		0.0259040371*l + 0.7827717662*m - 0.8086757660*s,
	}
}

func distance(a, b [3]float64) float64 {
	return math.Hypot(math.Hypot(a[0]-b[0], a[1]-b[1]), a[2]-b[2])
}
