package pictures

import (
	"strconv"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
)

// readingATrace draws a trace with its parts explained.
func readingATrace(traces []apm.Trace) []byte {
	trace := traces[0]
	d := newDrawing("How to read a trace", "A trace with six numbered notes. "+describe(trace))
	d.heading(trace)
	placed := d.trace(trace, timelineOf(trace))
	d.y += 10

	find := func(service, name, kind string) bar {
		for _, b := range placed {
			if s := b.span; s.Service == service && s.Name == name && s.Meta["span.kind"] == kind {
				return b
			}
		}
		return bar{}
	}
	root, client := find("thinker-api", "http.request", "server"), find("thinker-api", "http.request", "client")
	entry, think := find("thinker-microservice", "http.request", "server"), find("thinker-microservice", "think", "")
	middle := func(b bar) float64 { return b.y + rowHeight/2 }
	duration := root.x + root.width - 8 - widthOf(format.Duration(root.span.Duration)) - 20
	notes := []struct {
		x, y float64
		text []string
	}{
		{root.x + root.width/2, middle(root),
			[]string{"A bar is a span: one piece of work. The top span is the root."}},
		{duration, middle(root), []string{"Its length is its duration. Its left edge is its start."}},
		{client.x + client.width*.75, middle(client),
			[]string{"A span is below its parent, the span that started it."}},
		{entry.x + entry.width/2, middle(entry),
			[]string{"Each service has a colour. Here the request enters thinker-microservice."}},
		{(client.x + entry.x) / 2, middle(entry), []string{"The gap between the two services is network time."}},
		{think.x + think.width - 125, middle(think),
			[]string{"Red edge, ✗: an error. Start at the lowest one. The spans above it",
				"have no error: the microservice handled it and sent a normal response."}},
	}
	for i, note := range notes {
		d.pin(note.x, note.y, i+1)
	}
	for i, note := range notes {
		d.pin(margin+12, d.y+12, i+1)
		for _, text := range note.text {
			d.text(margin+36, d.y+18, "", text)
			d.y += lineHeight
		}
		d.y += 6
	}
	d.y -= 8
	return d.svg()
}

// pin draws a number in a circle.
func (d *drawing) pin(x, y float64, number int) {
	d.body.WriteString(`<circle class="pin" cx="` + px(x) + `" cy="` + px(y) + `" r="12"/>` + "\n")
	d.text(x, y+6, "pinned middle", strconv.Itoa(number))
}
