package lesson

import (
	"fmt"
	"strings"

	"thinker/shared/apm"
)

// A check looks for one fault in a request; nil where there is none.
type check func(*story) *Finding

// byLast judges by the last request that fits. It stays open where one of the
// given checks finds something, as those are for expectations that come before.
func byLast(fits func(*story) bool, judge check, given ...check) func([]Request) Verdict {
	return func(requests []Request) Verdict {
		for i := len(requests) - 1; i >= 0; i-- {
			s := newStory(requests[i])
			if !fits(s) {
				continue
			}
			for _, check := range given {
				if check(s) != nil {
					return Verdict{}
				}
			}
			return s.verdict(judge(s))
		}
		return Verdict{}
	}
}

// unless leaves open what builds on something that is unmet, by whichever request.
func unless(unmet, judge func([]Request) Verdict) func([]Request) Verdict {
	return func(requests []Request) Verdict {
		if unmet(requests).State == Unmet {
			return Verdict{}
		}
		return judge(requests)
	}
}

func (s *story) verdict(finding *Finding) Verdict {
	v := Verdict{State: Met, Finding: finding}
	if finding != nil {
		v.State = Unmet
	}
	if len(s.Traces) > 0 {
		v.TraceID = s.Traces[0].ID
	}
	return v
}

// anySubject fits every request about something.
func anySubject(s *story) bool { return len(s.subjects) > 0 }

func someKnown(s *story) bool {
	for _, subject := range s.subjects {
		if known(subject) {
			return true
		}
	}
	return false
}

func someUnknown(s *story) bool {
	for _, subject := range s.subjects {
		if !known(subject) {
			return true
		}
	}
	return false
}

// firstOf makes one check of several: what the first finds that finds something.
func firstOf(checks ...check) check {
	return func(s *story) *Finding {
		for _, check := range checks {
			if finding := check(s); finding != nil {
				return finding
			}
		}
		return nil
	}
}

// A mark is a remark on a span.
type mark struct {
	span *apm.Span
	says string
}

// finding says what is wrong with the request. It shows the traces in which
// something is marked, or all of them where nothing is.
func (s *story) finding(expected, instead, cause string, marks ...mark) *Finding {
	f := &Finding{Expected: expected, Instead: instead, Cause: cause, Request: s.Path}
	for _, trace := range s.Traces {
		tree := Tree{Trace: trace, Marks: map[uint64]string{}}
		for _, m := range marks {
			if m.span.TraceID == trace.ID {
				tree.Marks[m.span.SpanID] = m.says
			}
		}
		if len(marks) == 0 || len(tree.Marks) > 0 {
			f.Trees = append(f.Trees, tree)
		}
	}
	return f
}

// named is how a finding speaks of a span: by its operation, and by its resource
// where that says more.
func named(span *apm.Span) string {
	name := apm.Printable(span.Name, 60)
	if span.Resource != "" && span.Resource != span.Name {
		name += " " + apm.Printable(span.Resource, 80)
	}
	return fmt.Sprintf("the span %s of %s", name, apm.Printable(span.Service, 60))
}

// list joins words as a sentence does.
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
