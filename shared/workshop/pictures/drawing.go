package pictures

import (
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
const style = `
:root{--page:#fff;--raised:#f5f7f9;--line:#dde2e8;--edge:#79838f;--text:#1b2026;--quiet:#5a6470;--error:#c0262d;--bar:#5b84b1;--p50:#8fa9c7;--p75:#6f93bd;--p90:#4f7cb0;--p95:#2f64a0;--p99:#0b3d78}
@media (prefers-color-scheme:dark){:root{--page:#14171b;--raised:#1b1f25;--line:#2d333b;--edge:#7a8592;--text:#e2e6eb;--quiet:#98a2ae;--error:#ff8078;--bar:#6f9bcb;--p50:#57718f;--p75:#6d8cb0;--p90:#86a8d0;--p95:#a2c2e8;--p99:#d3e4f8}}
text{font:18px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;fill:var(--text)}
.title{font-size:20px;font-weight:600}.bold{font-weight:600}.small{font-size:15px}.quiet{fill:var(--quiet)}.end{text-anchor:end}.middle{text-anchor:middle}
.card{fill:var(--page);stroke:var(--line)}.grid{stroke:var(--line)}.edge{stroke:var(--edge)}.raised{fill:var(--raised);stroke:var(--edge)}
.bar{stroke:var(--page)}.bar.failed{stroke:var(--error);stroke-width:2}.mark,text.error{fill:var(--error)}.dark{fill:#000}.light{fill:#fff}
.pin{fill:var(--text);stroke:var(--page);stroke-width:2}.pinned{fill:var(--page);font-weight:600}.arrow{fill:none;stroke:var(--quiet);stroke-width:1.5}.head{fill:var(--quiet)}
.yaxis text,.xaxis text,.ends text{font-size:15px;fill:var(--quiet)}.ends text{font-size:14.5px;fill:var(--text)}.area.failed{fill:var(--error)}.area.others{fill:var(--quiet)}
.line{fill:none;stroke-width:2;vector-effect:non-scaling-stroke;stroke-linejoin:round;stroke-linecap:round}.line.p50{stroke:var(--p50)}.line.p75{stroke:var(--p75)}.line.p90{stroke:var(--p90)}.line.p95{stroke:var(--p95)}.line.p99{stroke:var(--p99)}
.picked,.cross{display:none}
.map path{fill:none;stroke:var(--edge)}.map .head{fill:var(--edge);stroke:none}.map rect:not(.swatch){fill:var(--raised);stroke:var(--edge)}.map .name{font-size:13px;font-weight:600}.map .figure{font-size:12.5px}
`

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
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" width="%[1]s" height="%[2]s" role="img" aria-labelledby="title desc">`+"\n", px(width), height)
	fmt.Fprintf(&out, "<title id=\"title\">%s</title>\n<desc id=\"desc\">%s</desc>\n<style>%s</style>\n", html.EscapeString(d.title), html.EscapeString(d.description), style)
	fmt.Fprintf(&out, `<rect class="card" x=".5" y=".5" width="%s" height="%s" rx="6"/>`+"\n", px(width-1), px(d.y+margin-1))
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
	fmt.Fprintf(&d.body, "<rect class=\"%s\" x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" rx=\"2\"%s/>\n", class, px(x), px(y), px(width), px(height), fill)
}

func (d *drawing) line(x1, y1, x2, y2 float64, class string) {
	fmt.Fprintf(&d.body, "<line class=\"%s\" x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\"/>\n", class, px(x1), px(y1), px(x2), px(y2))
}

// legend names the services and their colours in one line.
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
