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

// checkedJSON is what workshop check --json prints; its help says what is in it.
type checkedJSON struct {
	Reached bool         `json:"reached"`
	Lessons []lessonJSON `json:"lessons"`
}

type lessonJSON struct {
	Lesson       int               `json:"lesson"`
	Title        string            `json:"title"`
	Code         string            `json:"code"`
	Reached      bool              `json:"reached"`
	TookMS       int64             `json:"took_ms"`
	Error        string            `json:"error,omitempty"`
	Requests     []requestJSON     `json:"requests"`
	Expectations []expectationJSON `json:"expectations"`
}

type requestJSON struct {
	Path   string `json:"path"`
	Status int    `json:"status"`
	TookMS int64  `json:"took_ms"`
	Answer string `json:"answer"`
}

type expectationJSON struct {
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

// add takes in how the check of one lesson has ended.
func (c *checkedJSON) add(target runner.Target, report check.Report, failed error, hints int) {
	l := lessonJSON{
		Lesson: target.Step, Title: lesson.Title(target.Step), Code: target.Name(),
		Reached: report.Reached(), TookMS: report.Took.Milliseconds(),
		Requests: []requestJSON{}, Expectations: []expectationJSON{},
	}
	if failed != nil {
		l.Error = failed.Error()
	}
	for _, r := range report.Requests {
		l.Requests = append(l.Requests, requestJSON{r.Path, r.Status, r.End.Sub(r.Start).Round(time.Millisecond).Milliseconds(), r.Body})
	}
	for _, r := range report.Results {
		l.Expectations = append(l.Expectations, expectationOf(r, hints))
	}
	c.Reached = c.Reached && l.Reached
	c.Lessons = append(c.Lessons, l)
}

func expectationOf(r lesson.Result, hints int) expectationJSON {
	e := expectationJSON{ID: r.ID, Says: r.Says, State: stateNames[r.State]}
	if r.TraceID != 0 {
		e.TraceID = id(r.TraceID)
	}
	if r.State != lesson.Unmet {
		return e
	}
	e.Hints = r.Hints[:hints]
	e.Finding = &findingJSON{r.Finding.Request, r.Finding.Expected, r.Finding.Instead, r.Finding.Cause, []traceJSON{}}
	for _, tree := range r.Finding.Trees {
		t := traceJSON{TraceID: id(tree.Trace.ID), Spans: []spanJSON{}}
		for _, s := range tree.Trace.Spans {
			t.Spans = append(t.Spans, spanJSON{id(s.SpanID), id(s.ParentID), s.Service, s.Name, s.Resource, s.Error, tree.Marks[s.SpanID]})
		}
		e.Finding.Traces = append(e.Finding.Traces, t)
	}
	return e
}

var stateNames = [...]string{lesson.Open: "open", lesson.Unmet: "unmet", lesson.Met: "met"}

// id is in decimal, and a text, as not every program's numbers have 64 bits.
func id(n uint64) string { return strconv.FormatUint(n, 10) }

func (c *checkedJSON) write(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(c)
}
