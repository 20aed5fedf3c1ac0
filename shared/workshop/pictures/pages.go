package pictures

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/agent"
	"thinker/shared/apm/fetch"
)

// Pictures of pages are cut out of the pages of an agent that has received this
// traffic.
var (
	pagesFrom = time.Date(2026, time.January, 15, 14, 0, 0, 0, time.UTC)
	pagesTo   = pagesFrom.Add(15 * time.Minute)
)

// traffic repeats recorded requests for a quarter of an hour: first to step 4, then
// to step 5, whose cache has the thought for seven in eight requests.
func traffic(step4, step5 recording) (spans []apm.Span) {
	at := pagesFrom
	for i := 0; ; i++ {
		at = at.Add([]time.Duration{500, 870, 300, 1030, 670, 1470, 400}[i%7] * time.Millisecond)
		if !at.Before(pagesTo) {
			return spans
		}
		r, request := step4, "mankind"
		if at.Sub(pagesFrom) > 7*time.Minute {
			r, request = step5, "hit"
			if i%8 == 0 {
				request = "miss"
			}
		}
		if i%19 == 11 {
			r, request = step4, "art"
		}
		trace := r[request][0]
		id, percent := uint64(i+1)*100, time.Duration(100) // of the recorded duration
		if request == "hit" {
			percent += time.Duration(i * 37 % 120)
		}
		for _, s := range trace.Spans {
			s.Start = at.UnixNano() + int64(time.Duration(s.Start-trace.Start())*percent/100)
			s.Duration = s.Duration * percent / 100
			s.TraceID, s.SpanID = id, id+s.SpanID
			if s.ParentID != 0 {
				s.ParentID += id
			}
			spans = append(spans, s)
		}
	}
}

// pages are the pages of an agent.
type pages struct {
	agent *agent.Agent
}

// openPages starts an agent, and stores the traffic to two steps in it.
func openPages(ctx context.Context, step4, step5 recording) (*pages, error) {
	a, err := agent.Start(agent.Config{Addr: "localhost:0", Services: services})
	if err != nil {
		return nil, err
	}
	if err := a.Store().Add(ctx, traffic(step4, step5)); err != nil {
		return nil, errors.Join(err, a.Close(ctx))
	}
	return &pages{a}, nil
}

func (p *pages) close(ctx context.Context) error { return p.agent.Close(ctx) }

// get returns a page about the traffic's time.
func (p *pages) get(ctx context.Context, path string, query url.Values) (*element, error) {
	query.Set("from", strconv.FormatInt(pagesFrom.UnixNano(), 10))
	query.Set("to", strconv.FormatInt(pagesTo.UnixNano(), 10))
	page, err := fetch.Get(ctx, p.agent.URL()+path+"?"+query.Encode(), nil)
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", path, err)
	}
	if page.Status != http.StatusOK {
		return nil, fmt.Errorf("get %s: status %d", path, page.Status)
	}
	return parsePage(page.Body)
}

// services draws the list of services.
func (p *pages) services(ctx context.Context) ([]byte, error) {
	page, err := p.get(ctx, "/services", url.Values{})
	if err != nil {
		return nil, err
	}
	table := page.first(classed("figures"))
	columns := []struct {
		title string
		x     float64 // of its left edge or, for figures, its right one
		text  bool
		at    int
	}{{"Service", margin, true, 0}, {"Type", 260, true, 0}, {"Requests", 430, false, 0}, {"Avg", 530, false, 0},
		{"p95", 630, false, 0}, {"Error rate", 740, false, 0}, {"Apdex", width - margin, false, 0}}
	headings := table.all(named("th"))
	for i := range columns {
		c := &columns[i]
		if c.at = slices.IndexFunc(headings, func(e *element) bool { return e.words() == c.title }); c.at < 0 {
			return nil, fmt.Errorf("the page of services has no column %s", c.title)
		}
	}
	d := newDrawing("The list of services", "")
	d.text(margin, d.y+20, "title", "Services")
	d.y += 2 * lineHeight
	row := func(class string, cells []*element) {
		for i, c := range columns {
			class, x := class, c.x
			if !c.text {
				class += " end"
			}
			if classed("error")(cells[c.at]) {
				class += " error"
			}
			if i == 0 && class == "" {
				x += 24 // right of the swatch
			}
			d.text(x, d.y+2, strings.TrimSpace(class), cells[c.at].words())
		}
		d.y += 12
		d.line(margin, d.y, width-margin, d.y, "grid")
		d.y += lineHeight
	}
	row("quiet small", headings)
	var said []string
	for _, tr := range table.first(named("tbody")).all(named("tr")) {
		cells := tr.all(named("td"))
		service := cells[columns[0].at].words()
		d.rect(margin, d.y-11, 14, 14, "swatch", d.palette.Of(service).Hex())
		row("", cells)
		said = append(said, service+": "+cells[columns[2].at].words()+" requests, p95 "+cells[columns[4].at].words())
	}
	d.y -= lineHeight - 4
	d.description = strings.Join(said, "; ") + "."
	return d.svg(), nil
}

// service draws the page of a service: its headline and its charts.
func (p *pages) service(ctx context.Context, name string) ([]byte, error) {
	page, err := p.get(ctx, "/service", url.Values{"service": {name}})
	if err != nil {
		return nil, err
	}
	heading := page.first(classed("heading"))
	d := newDrawing("The page of the service "+name, "")
	d.rect(margin, d.y+5, 16, 16, "swatch", d.palette.Of(name).Hex())
	d.text(margin+24, d.y+20, "title", name)
	d.y += lineHeight + 6
	headline := heading.first(func(e *element) bool { return e.name == "p" && len(e.all(named("b"))) > 0 })
	d.text(margin, d.y+18, "", headline.words())
	d.y += 2*lineHeight - 8
	said := []string{headline.words()}
	charts := page.all(classed("chart"))
	const apart, height = 28.0, 282.0
	chartWidth := (width - 2*margin - apart) / 2
	if len(charts) == 0 || headline.name == "" {
		return nil, errors.New("the page of a service has no charts")
	}
	for i, chart := range charts {
		d.chart(chart, margin+float64(i%2)*(chartWidth+apart), d.y, chartWidth)
		said = append(said, chart.first(named("h2")).words()+": "+chart.first(classed("reading")).words())
		if i%2 == 1 || i == len(charts)-1 {
			d.y += height
		}
	}
	d.y -= 16
	d.description = strings.Join(said, ". ") + "."
	return d.svg(), nil
}

// chart draws a chart of a page with its upper left corner at x and y.
func (d *drawing) chart(chart *element, x, y, width float64) {
	const left, plotHeight, axisHeight = 64.0, 184.0, 22.0
	right := 0.0
	if len(chart.all(classed("ends"))) > 0 {
		right = 92
	}
	d.text(x, y+18, "bold", chart.first(named("h2")).words())
	part := func(class string, x, y, width, height float64) {
		e := chart.first(classed(class))
		if e.name == "" {
			return
		}
		e.attr["x"], e.attr["y"], e.attr["width"], e.attr["height"], e.attr["overflow"] = px(x), px(y), px(width),
			px(height), "visible"
		e.svg(&d.body)
		d.body.WriteString("\n")
	}
	top, plotWidth := y+34, width-left-right
	part("yaxis", x, top, left-6, plotHeight)
	part("plot", x+left, top, plotWidth, plotHeight)
	part("ends", x+left+plotWidth, top, right, plotHeight)
	part("xaxis", x+left, top+plotHeight+4, plotWidth, axisHeight)
	names := x + left
	for _, name := range chart.first(classed("names")).all(named("li")) {
		swatch := name.first(named("svg")).first(named("rect"))
		swatch.attr["x"], swatch.attr["y"], swatch.attr["width"], swatch.attr["height"] = px(names),
			px(top+plotHeight+31),
			"12", "12"
		swatch.svg(&d.body)
		d.text(names+17, top+plotHeight+42, "small quiet", name.words())
		names += 17 + widthOf(name.words())*15/textSize + 14
	}
}

// serviceMap draws the map of services.
func (p *pages) serviceMap(ctx context.Context) ([]byte, error) {
	page, err := p.get(ctx, "/map", url.Values{})
	if err != nil {
		return nil, err
	}
	d := newDrawing("The service map", "")
	plan := page.first(func(e *element) bool { return e.name == "svg" && classed("map")(e) })
	if plan.name == "" {
		return nil, errors.New("the page of the map has no map")
	}
	// The page's text is smaller, so the map is drawn larger.
	planWidth, planHeight := number(plan.attr["width"]), number(plan.attr["height"])
	scale := (width - 2*margin) / planWidth
	const crop = 18 // the page leaves room above and below for a service that calls itself
	fmt.Fprintf(&d.body, `<g class="map" transform="translate(%s %s) scale(%s)">`+"\n", px(margin),
		px(margin-crop*scale), strconv.FormatFloat(scale, 'f', 3, 64))
	for _, edge := range plan.all(classed("edge")) {
		for _, class := range []string{"call", "head"} {
			edge.first(classed(class)).svg(&d.body)
		}
	}
	d.body.WriteString("\n")
	var said []string
	for _, node := range plan.all(classed("node")) {
		rect := node.first(named("rect"))
		rect.svg(&d.body)
		x, y := number(rect.attr["x"]), number(rect.attr["y"])
		for i, p := range node.all(named("p")) {
			baseline := y + 20 + 17*float64(i)
			class, at := strings.TrimSpace("figure "+p.attr["class"]), x+9
			if i == 0 {
				class, at = "name", x+24
				d.rect(x+9, baseline-9.5, 10, 10, "swatch", d.palette.Of(p.words()).Hex())
			}
			d.text(at, baseline, class, p.words())
		}
		said = append(said, node.first(named("title")).words())
	}
	d.body.WriteString("</g>\n")
	d.y += (planHeight - 2*crop) * scale
	for _, edge := range plan.all(classed("edge")) {
		said = append(said, edge.first(named("title")).words())
	}
	d.description = strings.NewReplacer("\u2068", "", "\u2069", "").Replace(strings.Join(said, "; ")) + "."
	return d.svg(), nil
}

// number reads a coordinate.
func number(text string) float64 {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic(err) // the page is ours
	}
	return x
}
