package pictures

import "fmt"

// A diagram is a drawing of boxes and arrows.
type diagram struct{ *drawing }

// architecture draws what runs, and what it sends where.
func architecture() []byte {
	d := diagram{newDrawing("The architecture of the workshop",
		"curl or a browser sends a request to thinker-api on port 5000. It sends a request to thinker-microservice on "+
			"port 5001, which uses Redis (step 5) and SQLite (from step 4). "+
			"Both services send their spans to the agent on port 8126. The agent stores them and shows its pages in "+
			"a browser.")}
	const (
		height      = 64.0
		top, bottom = margin, margin + 190
		you         = margin + 30.0
		api         = 252.0
		thinker     = 526.0
	)
	d.box(margin, top, 150, height, "You", "curl, a browser", "")
	d.box(api, top, 190, height, "thinker-api", "port 5000", "thinker-api")
	d.box(thinker, top, 294, height, "thinker-microservice", "port 5001", "thinker-microservice")
	d.arrow("HTTP", margin+150, top+height/2, api, top+height/2)
	d.arrow("HTTP", api+190, top+height/2, thinker, top+height/2)

	d.box(620, top+124, 200, height, "SQLite", "from step 4", "sqlite.db")
	d.box(620, top+124+height+24, 200, height, "Redis", "step 5", "")
	d.path("M600 84V" + px(top+124+height+24+height/2) + "H612")
	d.path("M600 " + px(top+124+height/2) + "H612")
	d.head(620, top+124+height/2, false)
	d.head(620, top+124+height+24+height/2, false)

	d.box(api, bottom, 290, height+26, "Agent", "stores traces, shows pages", "")
	d.text(api+16, bottom+76, "quiet small", "port 8126, trace intake and pages")
	d.arrow("", api+95, top+height, api+95, bottom)
	d.text(api+107, top+height+68, "quiet small", "spans")
	d.path("M560 84V" + px(bottom-63) + "H510V" + px(bottom-8))
	d.head(510, bottom, true)
	d.text(522, bottom-14, "quiet small", "spans")
	d.path("M" + px(margin+75) + " 84V" + px(bottom+45) + "H" + px(api-8))
	d.head(api, bottom+45, false)
	d.text(margin+87, bottom+37, "quiet small", "opens pages")

	d.y = bottom + height + 26
	return d.svg()
}

// box draws a part of the system. A service has its colour.
func (d diagram) box(x, y, width, height float64, name, note, service string) {
	d.rect(x, y, width, height, "raised", "")
	at := x + 16
	if service != "" {
		d.rect(at, y+14, 14, 14, "swatch", d.palette.Of(service).Hex())
		at += 22
	}
	d.text(at, y+27, "bold", name)
	d.text(x+16, y+51, "quiet small", note)
}

// path draws a line with bends.
func (d diagram) path(path string) {
	fmt.Fprintf(&d.body, "<path class=\"arrow\" d=\"%s\"/>\n", path)
}

// arrow draws an arrow that goes right or down, with a label above it.
func (d diagram) arrow(label string, x1, y1, x2, y2 float64) {
	if y1 == y2 {
		d.path(fmt.Sprintf("M%s %sH%s", px(x1), px(y1), px(x2-8)))
		d.head(x2, y2, false)
		d.text((x1+x2)/2-4, y1-8, "quiet small middle", label)
		return
	}
	d.path(fmt.Sprintf("M%s %sV%s", px(x1), px(y1), px(y2-8)))
	d.head(x2, y2, true)
}

// head draws an arrow's head at x and y, which points right or, with down, down.
func (d diagram) head(x, y float64, down bool) {
	shape := "l-10 -5v10z"
	if down {
		shape = "l-5 -10h10z"
	}
	fmt.Fprintf(&d.body, "<path class=\"head\" d=\"M%s %s%s\"/>\n", px(x), px(y), shape)
}
