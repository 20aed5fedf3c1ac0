package site

import (
	"html/template"
	"slices"
	"strconv"
	"strings"

	"thinker/shared/workshop/lesson"
)

// A checklist is a step's checks, and their results so far.
type checklist struct {
	Items   []item
	Passed  int
	All     []string // the paths of the step's requests
	Problem string   // why a request from the checklist got no response
}

// An item is one check.
type item struct {
	ID       string
	State    string // open, failed or passed
	Says     string
	TraceURL string // of the trace that was checked
	Request  string // the path of the request that left this trace
	Requests []repeated
	Paths    []string // one for each request
	Waits    bool     // its requests were sent, but checks above it failed
	Hints    *hint
	Finding  *finding // for a failed check
}

// A repeated is a request, and how often it is sent in a row.
type repeated struct {
	Path  string
	Times int
}

// A hint contains the next one.
type hint struct {
	Number int
	Text   template.HTML
	Next   *hint
}

// A finding says why a check failed.
type finding struct {
	*lesson.Finding
	First bool // in the checklist
	Trees []tree
}

func (s *site) checklist(step int, requests []lesson.Request, write func(string) (template.HTML, error)) (*checklist, error) {
	list := &checklist{All: lesson.Requests(step)}
	found := 0
	for _, result := range s.judge(step, requests) {
		shown := item{ID: "check-" + result.ID, Says: result.Says, State: stateOf(result.State), Requests: inARow(result.Asks), Paths: result.Asks}
		if result.TraceID != 0 {
			shown.TraceURL = "/trace/" + strconv.FormatUint(result.TraceID, 10)
			shown.Request = requestOf(requests, result.TraceID)
		}
		if result.State == lesson.Passed {
			list.Passed++
		} else {
			var err error
			if shown.Hints, err = hints(result.Hints[:], 1, write); err != nil {
				return nil, err
			}
		}
		shown.Waits = result.State == lesson.Unchecked && found > 0 && sent(requests, result.Asks)
		if f := result.Finding; f != nil {
			found++
			shown.Finding = &finding{Finding: f, First: found == 1, Trees: s.trees(f.Trees)}
		}
		list.Items = append(list.Items, shown)
	}
	return list, nil
}

func stateOf(state lesson.State) string {
	switch state {
	case lesson.Passed:
		return "passed"
	case lesson.Failed:
		return "failed"
	}
	return "open"
}

// requestOf returns the path of the request that left a trace, or nothing.
func requestOf(requests []lesson.Request, traceID uint64) string {
	for _, request := range requests {
		for _, trace := range request.Traces {
			if trace.ID == traceID {
				return request.Path
			}
		}
	}
	return ""
}

// sent reports whether a request was sent for each of the paths.
func sent(requests []lesson.Request, paths []string) bool {
	left := slices.Clone(paths)
	for _, request := range requests {
		if i := slices.Index(left, request.Path); i >= 0 {
			left = slices.Delete(left, i, i+1)
		}
	}
	return len(left) == 0
}

// inARow joins paths that are equal to the one before.
func inARow(paths []string) (all []repeated) {
	for _, path := range paths {
		if last := len(all) - 1; last >= 0 && all[last].Path == path {
			all[last].Times++
		} else {
			all = append(all, repeated{path, 1})
		}
	}
	return all
}

// hints folds each hint into the one before it.
func hints(texts []string, number int, write func(string) (template.HTML, error)) (*hint, error) {
	texts = slices.DeleteFunc(slices.Clone(texts), func(text string) bool { return strings.TrimSpace(text) == "" })
	if len(texts) == 0 {
		return nil, nil
	}
	text, err := write(texts[0])
	if err != nil {
		return nil, err
	}
	next, err := hints(texts[1:], number+1, write)
	return &hint{number, text, next}, err
}

// Complete reports whether all checks passed.
func (l *checklist) Complete() bool { return l.Passed == len(l.Items) && l.Passed > 0 }
