package colour_test

import (
	"fmt"
	"math"
	"testing"

	"thinker/shared/apm/colour"
)

// colours returns the different colours, in their order.
func colours() (all []colour.RGB) {
	var p colour.Palette
	for n := range 24 {
		all = append(all, p.Of(fmt.Sprint("service ", n)))
	}
	return all
}

// linear returns the linear intensities of a colour's parts, from 0 to 1.
func linear(c colour.RGB) (parts [3]float64) {
	for i, v := range [3]uint8{c.R, c.G, c.B} {
		parts[i] = float64(v) / 255 / 12.92
		if s := float64(v) / 255; s > 0.04045 {
			parts[i] = math.Pow((s+0.055)/1.055, 2.4)
		}
	}
	return parts
}

// contrast is defined at https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio.
func contrast(a, b colour.RGB) float64 {
	luminance := func(c colour.RGB) float64 {
		l := linear(c)
		return 0.2126*l[0] + 0.7152*l[1] + 0.0722*l[2]
	}
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func TestColours_Contrast(t *testing.T) {
	black, white, darkPage := colour.RGB{}, colour.RGB{255, 255, 255}, colour.RGB{0x14, 0x17, 0x1b}
	for n, c := range colours() {
		text := white
		if c.DarkText() {
			text = black
		}
		for _, beside := range []struct {
			what   string
			colour colour.RGB
			want   float64
		}{{"the light page", white, 3}, {"the dark page", darkPage, 3}, {"its text", text, 4.5}} {
			if got := contrast(c, beside.colour); got < beside.want {
				t.Errorf("colour %d, %s: contrast with %s is %.2f, want %.1f", n, c.Hex(), beside.what, got, beside.want)
			}
		}
	}
}

// TestColours_Differ measures distances in OKLab, in which 0.02 is just visible. The
// matrices of colour blindness are Machado, Oliveira and Fernandes', at full severity
// (https://doi.org/10.1109/TVCG.2009.113).
func TestColours_Differ(t *testing.T) {
	common := [3][3]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
	for name, vision := range map[string][3][3]float64{
		"common":       common,
		"protanopia":   {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
		"deuteranopia": {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
		"tritanopia":   {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}},
	} {
		for _, c := range []struct {
			services int
			apart    float64
		}{{4, 0.06}, {8, 0.055}, {12, 0.045}, {24, 0.023}} {
			for i, a := range colours()[:c.services] {
				for j, b := range colours()[:i] {
					if got := distance(a, b, vision); got < c.apart {
						t.Errorf("%s: of %d services, colours %d and %d are %.3f apart", name, c.services, j, i, got)
					}
				}
			}
		}
	}
	for n, c := range colours() {
		if got := distance(c, colour.RGB{0xc0, 0x26, 0x2d}, common); got < 0.08 {
			t.Errorf("colour %d, %s, is %.3f from that of errors", n, c.Hex(), got)
		}
	}
}

// distance returns how different two colours look.
func distance(a, b colour.RGB, vision [3][3]float64) float64 {
	oklab := func(c colour.RGB) [3]float64 {
		part := linear(c)
		var r [3]float64
		for i, row := range vision {
			r[i] = min(1, max(0, row[0]*part[0]+row[1]*part[1]+row[2]*part[2]))
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
	x, y := oklab(a), oklab(b)
	return math.Hypot(math.Hypot(x[0]-y[0], x[1]-y[1]), x[2]-y[2])
}

func TestPalette_ServiceKeepsItsColour(t *testing.T) {
	var p colour.Palette
	first := p.Of("thinker-api")
	for n := range 10_010 {
		p.Of(fmt.Sprint("service ", n))
	}
	if got := p.Of("thinker-api"); got != first {
		t.Errorf("colour changed from %s to %s", first.Hex(), got.Hex())
	}
	if got := p.Of("one too many"); got != first {
		t.Errorf("a service that isn't remembered has %s, want the first colour", got.Hex())
	}
}

func TestPalette_Give(t *testing.T) {
	var first, second colour.Palette
	first.Of("api")
	want := first.Of("thinker")
	given, err := colour.ParseHex(want.Hex())
	if err != nil {
		t.Fatal(err)
	}
	second.Give("thinker", given)
	if got := second.Of("thinker"); got != want {
		t.Errorf("%s, want %s", got.Hex(), want.Hex())
	}
	if _, err := colour.ParseHex("blue"); err == nil {
		t.Error("ParseHex accepts what isn't a colour")
	}
}
