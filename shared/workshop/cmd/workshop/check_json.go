package main

import (
	"encoding/json"
	"io"
	"strconv"
	"time"

	"thinker/shared/workshop/check"
	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/runner"
)

// checkedJSON is the output of workshop check --json. The command's help describes it.
type checkedJSON struct {
	Complete bool       `json:"complete"`
	Steps    []stepJSON `json:"steps"`
}

type stepJSON struct {
	Step     int           `json:"step"`
	Title    string        `json:"title"`
	Exercise bool          `json:"exercise"`
	Code     string        `json:"code"`
	Complete bool          `json:"complete"`
	TookMS   int64         `json:"took_ms"`
	Error    string        `json:"error,omitempty"`
	Requests []requestJSON `json:"requests"`
	Checks   []checkJSON   `json:"checks"`
}

type requestJSON struct {
	Path   string `json:"path"`
	Status int    `json:"status"`
	TookMS int64  `json:"took_ms"`
	Body   string `json:"body"`
}

type checkJSON struct {
	ID      string       `json:"id"`
	Says    string       `json:"says"`
	State   string       `json:"state"`
	TraceID string       `json:"trace_id,omitempty"`
	Hints   []string     `json:"hints,omitempty"`
	Finding *findingJSON `json:"finding,omitempty"`
}

type findingJSON struct {
	Request  string      `json:"request"`
	Expected string      `json:"expected"`
	Instead  string      `json:"instead"`
	Cause    string      `json:"cause"`
	Traces   []traceJSON `json:"traces"`
}

type traceJSON struct {
	TraceID string     `json:"trace_id"`
	Spans   []spanJSON `json:"spans"`
}

type spanJSON struct {
	SpanID   string `json:"span_id"`
	ParentID string `json:"parent_id"`
	Service  string `json:"service"`
	Name     string `json:"name"`
	Resource string `json:"resource"`
	Error    bool   `json:"error"`
	Mark     string `json:"mark,omitempty"`
}

// add appends the result of one step.
func (c *checkedJSON) add(target runner.Target, report check.Report, failed error, o checkOptions) {
	s := stepJSON{
		Step: target.Step, Title: lesson.Title(target.Step), Exercise: o.exercise, Code: target.Name(),
		Complete: report.Complete(), TookMS: report.Took.Milliseconds(),
		Requests: []requestJSON{}, Checks: []checkJSON{},
	}
	if failed != nil {
		s.Error = failed.Error()
	}
	for _, r := range report.Requests {
		s.Requests = append(s.Requests, requestJSON{r.Path, r.Status, r.Took.Round(time.Millisecond).Milliseconds(), r.Body})
	}
	for _, r := range report.Results {
		s.Checks = append(s.Checks, checkOf(r, o.hints))
	}
	c.Complete = c.Complete && s.Complete
	c.Steps = append(c.Steps, s)
}

func checkOf(r lesson.Result, hints int) checkJSON {
	e := checkJSON{ID: r.ID, Says: r.Says, State: r.State.String()}
	if r.TraceID != 0 {
		e.TraceID = id(r.TraceID)
	}
	if r.State != lesson.Failed {
		return e
	}
	e.Hints = r.Hints[:hints]
	e.Finding = &findingJSON{r.Finding.Request, r.Finding.Expected, r.Finding.Instead, r.Finding.Cause, []traceJSON{}}
	for _, tree := range r.Finding.Trees {
		t := traceJSON{TraceID: id(tree.Trace.ID), Spans: []spanJSON{}}
		for _, s := range tree.Trace.Spans {
			t.Spans = append(t.Spans, spanJSON{id(s.SpanID), id(s.ParentID), s.Service, s.Name, s.Resource, s.Error,
				tree.Marks[s.SpanID]})
		}
		e.Finding.Traces = append(e.Finding.Traces, t)
	}
	return e
}

// id formats an ID as a string of decimal digits: it may not fit a JSON number.
func id(n uint64) string { return strconv.FormatUint(n, 10) }

func (c *checkedJSON) write(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(c)
}
