package site

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"thinker/shared/apm/fetch"
	"thinker/shared/apm/format"
	"thinker/shared/apm/guest"
	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/runner"
)

// A line is a line of a step's text that can be run. Lines are counted from 1. The
// checklist, which also sends requests, is at 0.
type line struct{ Step, At int }

// ID returns the ID of the element that shows the response.
func (l line) ID() string {
	if l.At == 0 {
		return "checklist"
	}
	return "answer-" + strconv.Itoa(l.At)
}

// mostLines bounds how many lines of a step can be run.
const mostLines = 50

// An answer is the result of a request that the page sent.
type answer struct {
	lesson.Exchange
	Code    string    // the code that responded: step02
	Problem string    // why there is no response; empty if there is one
	at      time.Time // when the request was sent
	traces  []uint64  // the IDs of its traces
}

// A sender sends requests to the api, and keeps the last answer of each line.
type sender struct {
	Config
	turn    sync.Mutex // requests are sent one at a time, so that their traces can be told apart
	mu      sync.Mutex
	answers map[line]answer
}

// run serves POST /workshop/run. It sends the requests whose paths are in the form,
// one after the other, then redirects to the line.
func (s *site) run(r *http.Request, step int) (guest.Page, error) {
	at, err := strconv.Atoi(r.PostFormValue("at"))
	if err != nil || at < 0 || at > mostLines {
		return guest.Page{}, guest.Refuse(http.StatusBadRequest,
			"The form doesn’t say which line to run. Reload the page and try again.")
	}
	paths := r.PostForm["path"]
	if len(paths) == 0 {
		return guest.Page{}, guest.Refuse(http.StatusBadRequest,
			"The form contains no request to send. Reload the page and try again.")
	}
	for _, path := range paths {
		if !isStepRequest(path) {
			return guest.Page{}, guest.Refuse(http.StatusForbidden,
				fmt.Sprintf("%.80q isn’t one of the steps’ requests, so this page doesn’t send it. Use curl instead.", path))
		}
	}
	const longest = 50 * time.Second // the agent gives a page a minute
	ctx, cancel := context.WithTimeout(r.Context(), longest)
	defer cancel()
	l := line{step, at}
	return guest.Page{Instead: address(step, l.ID())}, s.sender.run(ctx, l, paths)
}

// run sends the requests of a line, one after the other, up to the first problem. It waits
// for the traces of the last one.
func (s *sender) run(ctx context.Context, l line, paths []string) (err error) {
	s.turn.Lock()
	defer s.turn.Unlock()
	var last answer
	for _, path := range paths {
		if last, err = s.send(ctx, path); err != nil {
			return err
		}
		if last.Problem != "" {
			break
		}
	}
	if last.Problem == "" {
		traces, err := s.Client.TracesOf(ctx, last.Exchange)
		if err != nil {
			return err
		}
		for _, trace := range traces {
			last.traces = append(last.traces, trace.ID)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[l] = last
	return nil
}

// last returns a line's last response. A problem is returned only until other code
// runs.
func (s *sender) last(l line, since time.Time) (a answer, there bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, there = s.answers[l]
	return a, there && (a.Problem == "" || since.Before(a.at))
}

// isStepRequest reports whether a path is one of the requests of any step.
func isStepRequest(path string) bool {
	for step := 1; step <= runner.Steps; step++ {
		if slices.Contains(lesson.Requests(step), path) {
			return true
		}
	}
	return false
}

// send sends a request to the api.
func (s *sender) send(ctx context.Context, path string) (answer, error) {
	code := s.Workshop.State().Serving
	if code.Step == 0 {
		return answer{at: time.Now(), Problem: "The services aren’t running yet. " +
			"Wait until they are, then run this again."}, nil
	}
	got, err := s.Client.Get(ctx, path)
	a := answer{Exchange: got, at: time.Now(), Code: code.Name()}
	if gone, ok := errors.AsType[*fetch.UnreachableError](err); ok {
		a.Problem = fmt.Sprintf("The api at %s can’t be reached: %v. If it is still starting, run this again in a moment.",
			s.Client.API, gone.Err)
		return a, nil
	} else if _, long := errors.AsType[*fetch.TooLongError](err); long {
		a.Problem = fmt.Sprintf("The response of the api at %s is larger than 1 MiB. Look for a loop that writes to it.",
			s.Client.API)
		return a, nil
	} else if err != nil {
		return a, err
	}
	const most = 4000 // characters
	a.Body = format.Printable(got.Body, most)
	return a, nil
}
