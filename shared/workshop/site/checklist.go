package site

import (
	"html/template"
	"slices"
	"strconv"
	"strings"

	"thinker/shared/workshop/lesson"
)

// A checklist is what a lesson wants, and what the learner's requests have shown of
// it so far.
type checklist struct {
	Items   []item
	Met     int
	All     []string // the paths of the lesson's requests
	Problem string   // why a request that was sent from here has no answer
}

// An item is an expectation and how it stands.
type item struct {
	ID       string
	State    string // open, unmet or met
	Says     string
	TraceURL string
	Asks     []ask
	Paths    []string // one for each request
	Waits    bool     // it was asked for, and is judged once what is above is met
	Hints    *hint
	Finding  *finding // where it is unmet
}

// An ask is a request, and how often it is sent in a row.
type ask struct {
	Path  string
	Times int
}

// A hint has the next one folded in it.
type hint struct {
	Number int
	Text   template.HTML
	Next   *hint
}

// A finding says why something is unmet.
type finding struct {
	*lesson.Finding
	First bool // of the checklist
	Trees []tree
}

func (s *site) checklist(step int, requests []lesson.Request, write func(string) (template.HTML, error)) (*checklist, error) {
	list := &checklist{All: lesson.Requests(step)}
	found := 0
	for _, result := range s.judge(step, requests) {
		shown := item{ID: "check-" + result.ID, Says: result.Says, State: stateOf(result.State), Asks: inARow(result.Asks), Paths: result.Asks}
		if result.TraceID != 0 {
			shown.TraceURL = "/trace/" + strconv.FormatUint(result.TraceID, 10)
		}
		if result.State == lesson.Met {
			list.Met++
		} else {
			var err error
			if shown.Hints, err = hints(result.Hints[:], 1, write); err != nil {
				return nil, err
			}
		}
		shown.Waits = result.State == lesson.Open && found > 0 && asked(requests, result.Asks)
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
	case lesson.Met:
		return "met"
	case lesson.Unmet:
		return "unmet"
	}
	return "open"
}

// asked tells whether all of the paths were asked for, each as often as it is there.
func asked(requests []lesson.Request, paths []string) bool {
	left := slices.Clone(paths)
	for _, request := range requests {
		if i := slices.Index(left, request.Path); i >= 0 {
			left = slices.Delete(left, i, i+1)
		}
	}
	return len(left) == 0
}

// inARow joins a path that is asked for several times in a row.
func inARow(paths []string) (asks []ask) {
	for _, path := range paths {
		if last := len(asks) - 1; last >= 0 && asks[last].Path == path {
			asks[last].Times++
		} else {
			asks = append(asks, ask{path, 1})
		}
	}
	return asks
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

// Reached tells whether everything is met.
func (l *checklist) Reached() bool { return l.Met == len(l.Items) && l.Met > 0 }
