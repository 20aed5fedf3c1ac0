package lesson

import (
	"fmt"
	"slices"
	"strings"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
)

// A check looks for one fault in a request. It returns nil if there is none.
type check func(*story) *Finding

// byLast judges by the last request that fits. The verdict stays Unchecked while one of
// the given checks finds something: those belong to earlier expectations.
func byLast(fits func(*story) bool, expected check, given ...check) judge {
	return func(requests []Request) Verdict {
		for i := len(requests) - 1; i >= 0; i-- {
			if requests[i].Direct {
				continue
			}
			s := newStory(requests[i])
			if !fits(s) {
				continue
			}
			for _, check := range given {
				if check(s) != nil {
					return Verdict{}
				}
			}
			return s.verdict(expected(s))
		}
		return Verdict{}
	}
}

func (s *story) verdict(finding *Finding) Verdict {
	v := Verdict{State: Passed, Finding: finding}
	if finding != nil {
		v.State = Failed
	}
	if s.api != nil {
		v.TraceID = s.api.TraceID
	} else if len(s.Traces) > 0 {
		v.TraceID = s.Traces[0].ID
	}
	return v
}

// anySubject fits every request with a subject.
func anySubject(s *story) bool { return len(s.subjects) > 0 }

func someKnown(s *story) bool { return slices.ContainsFunc(s.subjects, known) }

func someUnknown(s *story) bool {
	return slices.ContainsFunc(s.subjects, func(subject string) bool { return !known(subject) })
}

// firstOf returns what the first check finds that finds something.
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

// finding reports a fault of the request. It shows the traces with a marked span,
// or all of them if none is marked.
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

// named is how a finding names a span: by its service and operation, and by its
// resource if that adds something.
func named(span *apm.Span) string {
	name := format.Printable(span.Name, 60)
	if span.Resource != "" && span.Resource != span.Name {
		name += " " + format.Printable(span.Resource, 80)
	}
	return fmt.Sprintf("the %s span %s", format.Printable(span.Service, 60), name)
}

// sentence starts one with a named span.
func sentence(named string) string { return "T" + named[1:] }

// list joins words as a sentence does.
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
