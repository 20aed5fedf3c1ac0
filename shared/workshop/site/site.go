// Package site serves the workshop's pages, one for each step: its text, buttons that
// send its requests, their responses and traces, and a checklist.
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
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/agent"
	"thinker/shared/apm/colour"
	"thinker/shared/apm/format"
	"thinker/shared/apm/guest"
	"thinker/shared/apm/query"
	"thinker/shared/workshop/client"
	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/runner"
)

// Workshop runs the code that the pages are about.
type Workshop interface {
	// State returns which code is running or starting.
	State() runner.State
	// Changed sends a notice after each change of the state, until ctx is done.
	Changed(ctx context.Context) <-chan struct{}
	// Run starts other code and returns at once. The state shows the progress.
	Run(target runner.Target)
}

// Traces stores the traces.
type Traces interface {
	// Search returns summaries of the traces with a span that matches the request.
	Search(ctx context.Context, r query.Request) (summaries []apm.Summary, next uint64, err error)
	// Trace returns the spans of one trace that have arrived.
	Trace(ctx context.Context, id uint64) (trace apm.Trace, found bool, err error)
	// Subscribe sends the IDs of traces that change, some at a time, until ctx is
	// done.
	Subscribe(ctx context.Context) <-chan []uint64
}

// Config is what the pages need.
type Config struct {
	Root     string // the workshop's directory
	Workshop Workshop
	Traces   Traces
	Palette  *colour.Palette
	Client   *client.Client // for the api and the agent
	Thinker  string         // the microservice's URL, if it isn't the one in the texts
}

// home is the path of the pages.
const home = "/workshop"

// A site serves the pages.
type site struct {
	Config
	templates *template.Template
	sender    *sender

	judge      func(step int, requests []lesson.Request) []lesson.Result
	requestsOf func(traces []apm.Trace) []lesson.Request
}

//go:embed templates static
var embedded embed.FS

// New returns the pages, as a guest of the agent's pages.
func New(config Config) guest.Guest { return newSite(config).guest() }

// Guests returns the pages for the agent of a workshop, for runner.Options.
func Guests(root string, ports runner.Ports) func(*runner.Workshop, *agent.Agent) []guest.Guest {
	return func(w *runner.Workshop, a *agent.Agent) []guest.Guest {
		asks := &client.Client{API: fmt.Sprintf("http://localhost:%d", ports.API), Agent: a.URL(), Pages: a.URL()}
		thinker := fmt.Sprintf("http://localhost:%d", ports.Thinker)
		return []guest.Guest{New(Config{Root: root, Workshop: w, Traces: a.Store(), Palette: a.Palette(), Client: asks,
			Thinker: thinker})}
	}
}

func newSite(config Config) *site {
	s := &site{
		Config: config, sender: &sender{Config: config, answers: map[line]answer{}},
		judge: lesson.Judge, requestsOf: lesson.RequestsOf,
	}
	s.templates = template.Must(template.New("").Funcs(template.FuncMap{
		"amount": amountOf,
		"count":  format.Count,
		"next":   func(step int) int { return step + 1 },
	}).ParseFS(embedded, "templates/*.html"))
	return s
}

func (s *site) guest() guest.Guest {
	files, err := fs.Sub(embedded, "static")
	if err != nil {
		panic(err) // cannot happen: the name is a constant
	}
	return guest.Guest{Path: home, Name: "Workshop", Files: files, Serve: s.serve, News: s.news}
}

// serve serves GET /workshop, which redirects to the running step, GET /workshop/2,
// pictures, POST /workshop/run, which sends requests, and POST /workshop/code, which
// changes the running code.
func (s *site) serve(r *http.Request) (guest.Page, error) {
	below := strings.Trim(strings.TrimPrefix(r.URL.Path, home), "/")
	if r.Method == http.MethodPost {
		if err := r.ParseForm(); err != nil {
			return guest.Page{}, guest.Refuse(http.StatusBadRequest, "The form can’t be read. Reload the page and try again.")
		}
		step, err := readStep(r.PostFormValue("lesson"))
		switch {
		case below == "run" && err == nil:
			return s.run(r, step)
		case below == "code" && err == nil:
			return s.change(r, step)
		case err != nil:
			return guest.Page{}, err
		}
		return guest.Page{}, guest.Refuse(http.StatusNotFound,
			fmt.Sprintf("There is no form at %s. Reload the page and try again.", r.URL.Path))
	}
	if below == "" {
		return guest.Page{Instead: address(s.Workshop.State().Target.Step, "")}, nil
	}
	if picturePath.MatchString(below) {
		return picture(s.Root, below)
	}
	step, err := readStep(below)
	if err != nil {
		return guest.Page{}, err
	}
	return s.show(r, step)
}

// readStep parses the number of a step.
func readStep(text string) (int, error) {
	step, err := strconv.Atoi(text)
	if err != nil || step < 1 || step > runner.Steps {
		return 0, guest.Refuse(http.StatusNotFound,
			fmt.Sprintf("There is no step %.40q. Choose one from 1 to %d.", text, runner.Steps))
	}
	return step, nil
}

// address returns the address of a step's page, or of an element with an ID on it.
func address(step int, id string) string {
	at := home + "/" + strconv.Itoa(step)
	if id != "" {
		at += "#" + id
	}
	return at
}

// news sends a notice when other code runs, and when traces have arrived.
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
