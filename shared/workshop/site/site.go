// Package site is the workshop's page: each lesson's text, its requests to be sent
// at the press of a button, what came of them, and what is still to be reached.
package site

import (
	"context"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/agent"
	"thinker/shared/apm/colour"
	"thinker/shared/apm/search"
	"thinker/shared/apm/web"
	"thinker/shared/workshop/client"
	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/runner"
)

// Workshop is what runs the code that the page is about.
type Workshop interface {
	// State is what runs, and how that goes.
	State() runner.State
	// Changed gives a notice after each change of the state, until ctx is done.
	Changed(ctx context.Context) <-chan struct{}
	// Run has other code run; the state tells how that goes.
	Run(target runner.Target)
}

// Traces is where the traces are kept.
type Traces interface {
	// Search sums up the traces that have a span that the request looks for.
	Search(ctx context.Context, r search.Request) (summaries []apm.Summary, next uint64, err error)
	// Trace is what has arrived of one trace.
	Trace(ctx context.Context, id uint64) (trace apm.Trace, found bool, err error)
	// Subscribe sends the IDs of traces that change, some at a time, until ctx is
	// done.
	Subscribe(ctx context.Context) <-chan []uint64
}

// Config is what the page needs.
type Config struct {
	Root     string // the workshop's directory
	Workshop Workshop
	Traces   Traces
	Palette  *colour.Palette
	Client   *client.Client // for the api, and for the agent, which this is a part of
	Thinker  string         // where the thinker answers, unless that is as the lessons say
}

// home is where the page is.
const home = "/workshop"

// A site answers for the page.
type site struct {
	Config
	templates *template.Template

	// Requests are sent one at a time, so that each has its traces for itself.
	sending sync.Mutex
	mu      sync.Mutex
	answers map[line]answer // to the lines that were run last

	judge      func(step int, requests []lesson.Request) []lesson.Result
	requestsOf func(traces []apm.Trace) []lesson.Request
}

//go:embed templates static
var embedded embed.FS

// New makes the page, as a guest among the agent's own.
func New(config Config) web.Guest { return newSite(config).guest() }

// Guests has a workshop's agent show the page: it is for runner.Options.
func Guests(root string, ports runner.Ports) func(*runner.Workshop, *agent.Agent) []web.Guest {
	return func(w *runner.Workshop, a *agent.Agent) []web.Guest {
		asks := &client.Client{API: fmt.Sprintf("http://localhost:%d", ports.API), Agent: a.URL(), Pages: a.URL()}
		thinker := fmt.Sprintf("http://localhost:%d", ports.Thinker)
		return []web.Guest{New(Config{Root: root, Workshop: w, Traces: a.Store(), Palette: a.Palette(), Client: asks, Thinker: thinker})}
	}
}

func newSite(config Config) *site {
	s := &site{Config: config, answers: map[line]answer{}, judge: lesson.Judge, requestsOf: lesson.RequestsOf}
	s.templates = template.Must(template.New("").Funcs(template.FuncMap{
		"count": apm.FormatCount,
		"next":  func(step int) int { return step + 1 },
	}).ParseFS(embedded, "templates/*.html"))
	return s
}

func (s *site) guest() web.Guest {
	files, err := fs.Sub(embedded, "static")
	if err != nil {
		panic(err) // cannot happen: the name is a constant
	}
	return web.Guest{Path: home, Name: "Workshop", Files: files, Serve: s.serve, News: s.news}
}

// serve answers GET /workshop, which leads to the lesson that runs, and
// /workshop/2; POST /workshop/run sends requests, and /workshop/code changes what
// runs.
func (s *site) serve(r *http.Request) (web.Page, error) {
	below := strings.Trim(strings.TrimPrefix(r.URL.Path, home), "/")
	if r.Method == http.MethodPost {
		if err := r.ParseForm(); err != nil {
			return web.Page{}, web.Refuse(http.StatusBadRequest, "What the page sent cannot be read.")
		}
		step, err := readStep(r.PostFormValue("lesson"))
		switch {
		case below == "run" && err == nil:
			return s.run(r, step)
		case below == "code" && err == nil:
			return s.change(r, step)
		case err != nil:
			return web.Page{}, err
		}
		return web.Page{}, web.Refuse(http.StatusNotFound, fmt.Sprintf("There is nothing to be sent to at %s.", r.URL.Path))
	}
	if below == "" {
		return web.Page{Instead: address(s.Workshop.State().Target.Step, "")}, nil
	}
	step, err := readStep(below)
	if err != nil {
		return web.Page{}, err
	}
	return s.show(r, step)
}

// readStep reads the number of a lesson.
func readStep(text string) (int, error) {
	step, err := strconv.Atoi(text)
	if err != nil || step < 1 || step > runner.Steps {
		return 0, web.Refuse(http.StatusNotFound, fmt.Sprintf("There is no lesson %.40q: there are 1 to %d.", text, runner.Steps))
	}
	return step, nil
}

// address is where a lesson's page is, and within it what has the ID.
func address(step int, id string) string {
	at := home + "/" + strconv.Itoa(step)
	if id != "" {
		at += "#" + id
	}
	return at
}

// news tells of other code that runs, and of traces once they have settled.
func (s *site) news(ctx context.Context) <-chan struct{} {
	news := make(chan struct{}, 1)
	states, traces := s.Workshop.Changed(ctx), s.Traces.Subscribe(ctx)
	go func() {
		var settled <-chan time.Time
		for {
			select {
			case <-states:
			case <-traces:
				if settled == nil {
					settled = time.After(client.Settling + client.Settling/4)
				}
				continue
			case <-settled:
				settled = nil
			case <-ctx.Done():
				return
			}
			select {
			case news <- struct{}{}:
			default: // one waits already
			}
		}
	}()
	return news
}
