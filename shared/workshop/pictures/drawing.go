package pictures

import (
	_ "embed"
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"

	"thinker/shared/apm/colour"
)

// The measures of all pictures, in the units of their viewBox. A README shows a
// picture about as wide as that, a phone half as wide.
const (
	width      = 840.0
	margin     = 20.0 // on all sides
	textSize   = 18.0
	lineHeight = 26.0
)

// style has the colours of the agent's pages, light and dark.
//
//go:embed style.css
var style string

// services are in the order in which they send their first spans, which decides
// their colours.
var services = []string{"thinker-api", "thinker-microservice", "sqlite.db"}

// A drawing is an unfinished picture. Its parts are added from the top down.
type drawing struct {
	title, description string
	palette            *colour.Palette
	body               strings.Builder
	y                  float64 // where the next part begins
}

func newDrawing(title, description string) *drawing {
	d := &drawing{title: title, description: description, palette: &colour.Palette{}, y: margin}
	for _, service := range services {
		d.palette.Of(service)
	}
	return d
}

// svg returns the picture.
func (d *drawing) svg() []byte {
	height := px(d.y + margin)
	var out strings.Builder
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" width="%[1]s" height="%[2]s" `+
		`role="img" aria-labelledby="title desc">`+"\n", px(width), height)
	fmt.Fprintf(&out, "<title id=\"title\">%s</title>\n<desc id=\"desc\">%s</desc>\n<style>%s</style>\n",
		html.EscapeString(d.title), html.EscapeString(d.description), style)
	fmt.Fprintf(&out, `<rect class="card" x=".5" y=".5" width="%s" height="%s" rx="6"/>`+"\n", px(width-1),
		px(d.y+margin-1))
	out.WriteString(d.body.String())
	out.WriteString("</svg>\n")
	return []byte(out.String())
}

// text writes a line of text, whose baseline is at y.
func (d *drawing) text(x, y float64, class, text string) {
	if class != "" {
		class = ` class="` + class + `"`
	}
	fmt.Fprintf(&d.body, "<text%s x=\"%s\" y=\"%s\">%s</text>\n", class, px(x), px(y), html.EscapeString(text))
}

// rect draws a box. If fill is empty, the class has the colour.
func (d *drawing) rect(x, y, width, height float64, class, fill string) {
	if fill != "" {
		fill = ` fill="` + fill + `"`
	}
	fmt.Fprintf(&d.body, "<rect class=\"%s\" x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" rx=\"2\"%s/>\n", class, px(x),
		px(y), px(width), px(height), fill)
}

func (d *drawing) line(x1, y1, x2, y2 float64, class string) {
	fmt.Fprintf(&d.body, "<line class=\"%s\" x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\"/>\n", class, px(x1), px(y1),
		px(x2),
		px(y2))
}

// legend draws the services' names and colours on one line.
func (d *drawing) legend(services []string) {
	x := margin
	for _, service := range services {
		d.rect(x, d.y+4, 14, 14, "swatch", d.palette.Of(service).Hex())
		d.text(x+21, d.y+17, "", service)
		x += 21 + widthOf(service) + 24
	}
	d.y += lineHeight
}

// widthOf estimates the width of a text. Fonts differ, so it is a little more than
// most fonts need.
func widthOf(text string) float64 {
	n := 0.0
	for _, c := range text {
		switch {
		case strings.ContainsRune("iljtfrI.,:;'|/()[] ", c):
			n += .36
		case strings.ContainsRune("mwMW%@—", c) || c >= 'A' && c <= 'Z':
			n += .9
		default:
			n += .63
		}
	}
	return n * textSize
}

// px formats a coordinate with one decimal.
func px(x float64) string {
	return strconv.FormatFloat(math.Round(x*10)/10, 'f', -1, 64)
}
