// Package pictures draws the pictures that the READMEs show: traces, pages and
// the architecture, as SVG. It draws from recorded traces, so it always writes the
// same bytes.
package pictures

import (
	"context"
	"io/fs"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
)

// Draw returns the pictures by their paths from the workshop's directory. It reads
// the recordings step01.json to step05.json, and reading.json.
func Draw(ctx context.Context, recordings fs.FS) (map[string][]byte, error) {
	steps := map[string]recording{}
	for _, step := range []string{"step01", "step02", "step03", "step04", "step05", "reading"} {
		var err error
		if steps[step], err = readRecording(recordings, step); err != nil {
			return nil, err
		}
	}
	pictures := map[string][]byte{
		"step01/pictures/traces.svg":          two("One request, two traces", steps["step01"]["war"]),
		"step02/pictures/trace.svg":           one("One trace through both services", steps["step02"]["war"]),
		"step02/pictures/error.svg":           one("A trace with an error", steps["step02"]["peace"]),
		"step03/pictures/trace.svg":           one("A trace with a client span", steps["step03"]["war"]),
		"step04/pictures/trace.svg":           one("A trace with a database query", steps["step04"]["mankind"]),
		"step04/pictures/error.svg":           one("A trace with an error", steps["step04"]["art"]),
		"step05/pictures/miss-and-hit.svg":    missAndHit(steps["step05"]),
		"shared/pictures/reading-a-trace.svg": readingATrace(steps["reading"]["art"]),
		"shared/pictures/architecture.svg":    architecture(),
	}
	return pictures, drawPages(ctx, steps["step04"], steps["step05"], pictures)
}

// drawPages adds the pictures of pages.
func drawPages(ctx context.Context, step4, step5 recording, pictures map[string][]byte) error {
	p, err := openPages(ctx, step4, step5)
	if err != nil {
		return err
	}
	defer p.close(ctx)
	for path, draw := range map[string]func() ([]byte, error){
		"shared/pictures/services.svg": func() ([]byte, error) { return p.services(ctx) },
		"shared/pictures/service.svg":  func() ([]byte, error) { return p.service(ctx, "thinker-microservice") },
		"shared/pictures/map.svg":      func() ([]byte, error) { return p.serviceMap(ctx) },
	} {
		if pictures[path], err = draw(); err != nil {
			return err
		}
	}
	return nil
}

// one draws a request's only trace.
func one(title string, traces []apm.Trace) []byte {
	trace := traces[0]
	d := newDrawing(title, describe(trace))
	d.heading(trace)
	d.trace(trace, timelineOf(trace))
	return d.svg()
}

// two draws the traces of one request below each other, on one time axis.
func two(title string, traces []apm.Trace) []byte {
	d, t := newDrawing(title, describe(traces...)), timelineOf(traces...)
	for i, trace := range traces {
		if i > 0 {
			d.gap()
		}
		d.heading(trace)
		d.trace(trace, t)
	}
	return d.svg()
}

// missAndHit draws the traces of a cache miss and of a cache hit, each on its own
// time axis: on the miss's, the hit would be a pixel wide.
func missAndHit(r recording) []byte {
	miss, hit := r["miss"][0], r["hit"][0]
	d := newDrawing("A cache miss and a cache hit", describe(miss, hit))
	for i, request := range []struct {
		name  string
		trace apm.Trace
	}{{"Cache miss", miss}, {"Cache hit", hit}} {
		if i > 0 {
			d.gap()
		}
		d.text(margin, d.y+18, "bold", request.name+": "+format.Duration(request.trace.Duration()))
		if i > 0 {
			d.text(width-margin, d.y+18, "end quiet", "on its own time axis")
		}
		d.y += lineHeight
		d.trace(request.trace, timelineOf(request.trace))
	}
	return d.svg()
}

// trace draws a trace with its axis, and with its errors in words.
func (d *drawing) trace(trace apm.Trace, t timeline) []bar {
	d.legend(trace.Services())
	d.axis(t)
	placed := d.flame(trace, t)
	d.errors(trace)
	return placed
}

// gap separates two parts of a picture.
func (d *drawing) gap() {
	const half = 14.0
	d.y += half
	d.line(margin, d.y, width-margin, d.y, "grid")
	d.y += half
}
