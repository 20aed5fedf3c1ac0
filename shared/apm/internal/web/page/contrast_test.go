package page_test

import (
	"math"
	"regexp"
	"strconv"
	"testing"

	"thinker/shared/apm/internal/webtest"
)

// TestStyle_Contrast checks that the stylesheet's colours have a contrast of 4.5:1 between
// each text and each background, and of 3:1 for the edges of fields and buttons, light and
// dark.
func TestStyle_Contrast(t *testing.T) {
	w := webtest.New(t)
	pairs := regexp.MustCompile(`--([a-z-]+): light-dark\(#([0-9a-f]{6}), #([0-9a-f]{6})\)`)
	colours := map[string][2]float64{} // luminance, light and dark
	for _, match := range pairs.FindAllStringSubmatch(string(w.Static["style.css"].Content), -1) {
		colours[match[1]] = [2]float64{luminance(t, match[2]), luminance(t, match[3])}
	}
	for text, least := range map[string]float64{
		"text": 4.5, "quiet": 4.5, "link": 4.5, "error": 4.5, "ok": 4.5, "edge": 3, "less": 3, "more": 3,
	} {
		if _, there := colours[text]; !there {
			t.Errorf("the stylesheet has no colour %s", text)
		}
		for _, ground := range []string{"page", "raised", "chosen", "hover", "error-page"} {
			for i, scheme := range []string{"light", "dark"} {
				a, b := colours[text][i], colours[ground][i]
				if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < least {
					t.Errorf("%s: %s on %s has a contrast of %.2f", scheme, text, ground, ratio)
				}
			}
		}
	}
}

// luminance is defined at https://www.w3.org/TR/WCAG22/#dfn-relative-luminance.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	var sum float64
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		value, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		linear := float64(value) / 255 / 12.92
		if s := float64(value) / 255; s > 0.04045 {
			linear = math.Pow((s+0.055)/1.055, 2.4)
		}
		sum += weight * linear
	}
	return sum
}
