package pictures

import "fmt"

// architecture draws what runs, and what it sends where.
func architecture() []byte {
	d := newDrawing("The architecture of the workshop",
		"curl or a browser sends a request to thinker-api on port 5000. It sends a request to thinker-microservice on port 5001, which uses Redis (step 5) and SQLite (from step 4). "+
			"Both services send their spans to the agent on port 8126. The agent stores them, shows its pages in a browser and, with an API key, forwards them to Datadog.")
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
	d.head(620, top+124+height/2, 1, 0)
	d.head(620, top+124+height+24+height/2, 1, 0)

	d.box(api, bottom, 290, height+26, "Agent", "stores traces, shows pages", "")
	d.text(api+16, bottom+76, "quiet small", "port 8126, trace intake and pages")
	d.arrow("", api+95, top+height, api+95, bottom)
	d.text(api+107, top+height+68, "quiet small", "spans")
	d.path("M560 84V" + px(bottom-63) + "H510V" + px(bottom-8))
	d.head(510, bottom, 0, 1)
	d.text(522, bottom-14, "quiet small", "spans")
	d.path("M" + px(margin+75) + " 84V" + px(bottom+45) + "H" + px(api-8))
	d.head(api, bottom+45, 1, 0)
	d.text(margin+87, bottom+37, "quiet small", "opens pages")

	d.y = bottom + height + 26 + 52
	d.dashed(api, d.y, 290, height, "Datadog", "with DD_API_KEY")
	d.body.WriteString(fmt.Sprintf(`<path class="arrow dashed" d="M%s %sV%s"/>`+"\n", px(api+145), px(bottom+height+26), px(d.y-8)))
	d.head(api+145, d.y, 0, 1)
	d.text(api+157, d.y-20, "quiet small", "forwards copies")
	d.y += height
	return d.svg()
}

// box draws a part of the system. A service has its colour.
func (d *drawing) box(x, y, width, height float64, name, note, service string) {
	d.rect(x, y, width, height, "raised", "")
	at := x + 16
	if service != "" {
		d.rect(at, y+14, 14, 14, "swatch", d.palette.Of(service).Hex())
		at += 22
	}
	d.text(at, y+27, "bold", name)
	d.text(x+16, y+51, "quiet small", note)
}

func (d *drawing) dashed(x, y, width, height float64, name, note string) {
	d.rect(x, y, width, height, "raised dashed", "")
	d.text(x+16, y+27, "bold", name)
	d.text(x+16, y+51, "quiet small", note)
}

func (d *drawing) path(path string) {
	fmt.Fprintf(&d.body, "<path class=\"arrow\" d=\"%s\"/>\n", path)
}

// arrow draws an arrow that goes right or down, with a label above it.
func (d *drawing) arrow(label string, x1, y1, x2, y2 float64) {
	if y1 == y2 {
		d.path(fmt.Sprintf("M%s %sH%s", px(x1), px(y1), px(x2-8)))
		d.head(x2, y2, 1, 0)
		d.text((x1+x2)/2-4, y1-8, "quiet small middle", label)
		return
	}
	d.path(fmt.Sprintf("M%s %sV%s", px(x1), px(y1), px(y2-8)))
	d.head(x2, y2, 0, 1)
}

// head draws an arrow's head that points right or down to x and y.
func (d *drawing) head(x, y, right, down float64) {
	if right > 0 {
		fmt.Fprintf(&d.body, "<path class=\"head\" d=\"M%s %sl-10 -5v10z\"/>\n", px(x), px(y))
	} else {
		fmt.Fprintf(&d.body, "<path class=\"head\" d=\"M%s %sl-5 -10h10z\"/>\n", px(x), px(y))
	}
}
