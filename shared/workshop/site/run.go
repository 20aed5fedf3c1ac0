package site

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/web"
	"thinker/shared/workshop/client"
	"thinker/shared/workshop/fetch"
	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/runner"
)

// A line is one that can be run: by its place among those of its lesson, from 1.
// The checklist, which sends requests too, is at 0.
type line struct{ step, at int }

// ID is the line's in the page: what it answers stands there.
func (l line) ID() string {
	if l.at == 0 {
		return "checklist"
	}
	return "answer-" + strconv.Itoa(l.at)
}

// mostLines is how many of a lesson's lines can be run.
const mostLines = 50

// An answer is what came of a request that was sent from the page.
type answer struct {
	client.Answer
	at      time.Time // when it was asked for
	code    string    // whose code it was: step02
	problem string    // why there is no answer; empty where there is one
	traces  []uint64  // what it left
}

// run serves POST /workshop/run: it sends the requests with the paths that the
// form has, one after the other, and leads back to the line that was run.
func (s *site) run(r *http.Request, step int) (web.Page, error) {
	at, err := strconv.Atoi(r.PostFormValue("at"))
	if err != nil || at < 0 || at > mostLines {
		return web.Page{}, web.Refuse(http.StatusBadRequest, "The page does not say which line is to be run.")
	}
	paths := r.PostForm["path"]
	if len(paths) == 0 {
		return web.Page{}, web.Refuse(http.StatusBadRequest, "The page does not say what is to be asked.")
	}
	for _, path := range paths {
		if !listed(path) {
			return web.Page{}, web.Refuse(http.StatusForbidden, fmt.Sprintf("%.80q is in no lesson, and only what is can be sent from here. Use curl for any other request.", path))
		}
	}
	s.sending.Lock()
	defer s.sending.Unlock()
	const longest = 50 * time.Second // the agent gives a page a minute
	ctx, cancel := context.WithTimeout(r.Context(), longest)
	defer cancel()
	var last answer
	for _, path := range paths {
		if last, err = s.ask(ctx, path); err != nil {
			return web.Page{}, err
		}
		if last.problem != "" {
			break
		}
	}
	if err := s.settle(ctx, &last); err != nil {
		return web.Page{}, err
	}
	l := line{step, at}
	s.mu.Lock()
	s.answers[l] = last
	s.mu.Unlock()
	return web.Page{Instead: address(step, l.ID())}, nil
}

// last is what a line answered. Why it did not is told until other code answers.
func (s *site) last(l line, since time.Time) (a answer, there bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, there = s.answers[l]
	return a, there && (a.problem == "" || since.Before(a.at))
}

// listed tells whether a path is among the requests of any lesson.
func listed(path string) bool {
	for step := 1; step <= runner.Steps; step++ {
		if slices.Contains(lesson.Requests(step), path) {
			return true
		}
	}
	return false
}

// ask sends a request to the api.
func (s *site) ask(ctx context.Context, path string) (answer, error) {
	code := s.Workshop.State().Serving
	if code.Step == 0 {
		return answer{at: time.Now(), problem: "Nothing answers yet: the services are not running."}, nil
	}
	got, err := s.Client.Get(ctx, path)
	a := answer{Answer: got, at: time.Now(), code: code.Name()}
	if gone, ok := errors.AsType[*client.UnreachableError](err); ok {
		a.problem = fmt.Sprintf("%s does not answer: %v. If it is just being started, run this again.", s.Client.API, gone.Err)
		return a, nil
	} else if _, long := errors.AsType[*fetch.TooLongError](err); long {
		a.problem = fmt.Sprintf("The response of %s is longer than 1 MiB. Look for a loop in the api that writes to it.", s.Client.API)
		return a, nil
	} else if err != nil {
		return a, err
	}
	const most = 4000 // characters
	a.Body = apm.Printable(got.Body, most)
	return a, nil
}

// settle waits until the traces of what was answered have settled.
func (s *site) settle(ctx context.Context, a *answer) error {
	if a.problem != "" {
		return nil
	}
	traces, err := s.Client.TracesOf(ctx, a.Answer)
	for _, trace := range traces {
		a.traces = append(a.traces, trace.ID)
	}
	return err
}
