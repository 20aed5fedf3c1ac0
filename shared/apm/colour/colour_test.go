package colour

import (
	"fmt"
	"testing"
)

// contrast is defined at https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio.
func contrast(a, b RGB) float64 {
	la, lb := a.luminance(), b.luminance()
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func TestEveryColourStandsOutOnBothPages(t *testing.T) {
	white, dark := RGB{255, 255, 255}, RGB{0x14, 0x17, 0x1b}
	for n := range 24 {
		c := nth(n)
		if got := contrast(c, white); got < 3 {
			t.Errorf("colour %d, %s: contrast with white is %.2f, want 3", n, c.Hex(), got)
		}
		if got := contrast(c, dark); got < 3 {
			t.Errorf("colour %d, %s: contrast with the dark page is %.2f, want 3", n, c.Hex(), got)
		}
	}
}

func TestColoursDiffer(t *testing.T) {
	seen := map[RGB]int{}
	for n := range 24 {
		if other, ok := seen[nth(n)]; ok {
			t.Errorf("colours %d and %d are the same", other, n)
		}
		seen[nth(n)] = n
	}
}

func TestKnownColour(t *testing.T) {
	// sRGB red and blue in OKLCH, from https://oklch.com.
	if got := oklch(0.6280, 0.2577, 29.23).Hex(); got != "#ff0000" {
		t.Errorf("red is %s", got)
	}
	if got := oklch(0.4520, 0.3132, 264.05).Hex(); got != "#0000ff" {
		t.Errorf("blue is %s", got)
	}
}

func TestAServiceKeepsItsColour(t *testing.T) {
	var p Palette
	first := p.Of("thinker-api")
	for n := range maxServices + 10 {
		p.Of(fmt.Sprint("service ", n))
	}
	if got := p.Of("thinker-api"); got != first {
		t.Errorf("colour changed from %s to %s", first.Hex(), got.Hex())
	}
	if len(p.given) > maxServices {
		t.Errorf("%d names remembered, want at most %d", len(p.given), maxServices)
	}
}

func TestTextsOnColoursCanBeRead(t *testing.T) {
	for n := range 24 {
		text := RGB{255, 255, 255}
		if nth(n).DarkText() {
			text = RGB{}
		}
		if got := contrast(nth(n), text); got < 4.5 {
			t.Errorf("colour %d, %s: contrast with its text is %.2f, want 4.5", n, nth(n).Hex(), got)
		}
	}
}

// TestAnothersColours holds that a palette can go on from another.
func TestAnothersColours(t *testing.T) {
	var first, second Palette
	first.Of("api")
	want := first.Of("thinker")
	given, err := ParseHex(want.Hex())
	if err != nil {
		t.Fatal(err)
	}
	second.Give("thinker", given)
	if got := second.Of("thinker"); got != want {
		t.Errorf("%s, want %s", got.Hex(), want.Hex())
	}
	if _, err := ParseHex("blue"); err == nil {
		t.Error("it reads what is no colour")
	}
}
