// Package doctor finds out why there is no trace: it walks the chain from the
// code to the page link by link, and says of each whether it holds and, where it
// does not, what to do next.
package doctor

import (
	"context"
	"fmt"

	"thinker/shared/workshop/client"
)

// A State is how a link of the chain stands.
type State string

// A link is unknown where it does not apply here, or where it could not be asked
// because one before it is broken.
const (
	Holds   State = "holds"
	Broken  State = "broken"
	Unknown State = "unknown"
)

// A Link is one thing that must be so for a trace to be seen.
type Link struct {
	Name  string `json:"name"` // what it is about: thinker-api
	State State  `json:"state"`
	Says  string `json:"says"`           // how it stands, in a sentence
	Next  string `json:"next,omitempty"` // what to do where it is broken
}

// Options say where to look.
type Options struct {
	Client  *client.Client
	Thinker string   // the URL of thinker-microservice; empty where only the api knows it
	Up      string   // how workshop up is called, for lines to copy
	Root    string   // the workshop's directory; empty where this is not run there
	Env     []string // of the terminal: NAME=value each
	Socket  string   // where a tracer looks for an Agent's socket; empty: /var/run/datadog/apm.socket
	Probe   bool     // send a request, and wait for its trace

	Contained bool // this program itself runs in a container
	Found     func(Link)
}

// Examine walks the chain and gives each link to Found as it is known. It goes on
// behind a link that is broken, as there may be more.
func Examine(ctx context.Context, o Options) []Link {
	e := &examination{Options: o, ctx: ctx}
	e.toolchain()
	e.engine()
	e.agentListens()
	e.servicesListen()
	e.environment()
	e.destination()
	e.proxies()
	e.redis()
	e.probe()
	e.arrival()
	e.trace()
	return e.links
}

// FirstBroken is the first link that is broken: what is broken behind it may come
// of it.
func FirstBroken(links []Link) (Link, bool) {
	for _, link := range links {
		if link.State == Broken {
			return link, true
		}
	}
	return Link{}, false
}

// An examination is a walk along the chain, and what it has found out so far.
type examination struct {
	Options
	ctx   context.Context
	links []Link

	goHere         bool        // there is a Go toolchain that will do
	containers     []container // of the workshop's that run
	agent          bool        // it answers, and is this workshop's
	api            bool
	apiProgram     *program // who holds its port here; nil where that is not known
	thinkerProgram *program
	request        requested
}

func (e *examination) add(link Link) {
	if e.ctx.Err() != nil {
		return // whatever was found since, it is for that reason
	}
	e.links = append(e.links, link)
	if e.Found != nil {
		e.Found(link)
	}
}

func (e *examination) holds(name, format string, args ...any) {
	e.add(Link{Name: name, State: Holds, Says: fmt.Sprintf(format, args...)})
}

func (e *examination) unknown(name, format string, args ...any) {
	e.add(Link{Name: name, State: Unknown, Says: fmt.Sprintf(format, args...)})
}

// broken takes what to do next before what is wrong.
func (e *examination) broken(name, next, format string, args ...any) {
	e.add(Link{Name: name, State: Broken, Says: fmt.Sprintf(format, args...), Next: next})
}
