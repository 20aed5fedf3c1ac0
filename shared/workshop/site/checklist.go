package site

import (
	"html/template"
	"slices"

	"thinker/shared/workshop/lesson"
)

// A checklist is a step's checks, and their results so far.
type checklist struct {
	Items   []item
	Problem string // why a request from the checklist got no response
}

// An item is one check with its result.
type item struct {
	lesson.Result
	Request string // the path of the request that left the trace that was checked
	Waits   bool   // its requests were sent, but checks above it failed
	Hints   *hint
	Finding *finding // for a failed check
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

// checklist judges requests, which are those to the running code.
func (v view) checklist(requests []lesson.Request) (*checklist, error) {
	list := &checklist{}
	found := 0
	for _, result := range v.judge(v.page.Step, requests) {
		shown := item{Result: result, Request: requestOf(requests, result.TraceID)}
		for i, text := range slices.Backward(result.Hints[:]) {
			if text == "" || result.State == lesson.Passed {
				continue
			}
			html, err := v.markdown().html([]byte(text))
			if err != nil {
				return nil, err
			}
			shown.Hints = &hint{i + 1, html, shown.Hints}
		}
		shown.Waits = result.State == lesson.Unchecked && found > 0 && sent(requests, result.Asks)
		if f := result.Finding; f != nil {
			found++
			shown.Finding = &finding{Finding: f, First: found == 1, Trees: trees(v.Palette, f.Trees)}
		}
		list.Items = append(list.Items, shown)
	}
	return list, nil
}

// Passed returns how many checks passed.
func (l *checklist) Passed() (passed int) {
	for _, item := range l.Items {
		if item.State == lesson.Passed {
			passed++
		}
	}
	return passed
}

// Complete reports whether all checks passed.
func (l *checklist) Complete() bool { return len(l.Items) > 0 && l.Passed() == len(l.Items) }

// TraceURL returns the path of the trace that was checked, if there is one.
func (i item) TraceURL() string {
	if i.TraceID == 0 {
		return ""
	}
	return traceURL(i.TraceID)
}

// Repeated returns the check's requests. Those that are equal to the one before are one.
func (i item) Repeated() (all []repeated) {
	for _, path := range i.Asks {
		if last := len(all) - 1; last >= 0 && all[last].Path == path {
			all[last].Times++
		} else {
			all = append(all, repeated{path, 1})
		}
	}
	return all
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
