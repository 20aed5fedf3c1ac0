package lesson

import (
	"fmt"
	"strings"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
)

// sqliteStore is lesson 4: thoughts come from a database, and each query is a span.
// See decisions/sqlite-bootstrap.md.
func sqliteStore() judges {
	return judges{
		"query-span":      byLast(someKnown, firstOf(entered, thinkSpans, querySpan)),
		"statement":       byLast(someKnown, statement, noQuery),
		"unknown-subject": byLast(someUnknown, unknownSubject, apiSpan, thinkerSpan, noQuery),
		"the-machine":     judgeMachine,
	}
}

// noQuery finds a request without any query, of which nothing about queries can be
// said.
func noQuery(s *story) *Finding {
	if s.first(isQuery) == nil {
		return s.finding("", "", "")
	}
	return nil
}

// querySpan finds a subject whose thought isn't read by a query below its think span.
func querySpan(s *story) *Finding {
	for _, subject := range s.subjects {
		think := s.think(subject)
		if len(s.allBelow(think, isQuery)) == 0 {
			return s.queryElsewhere(fmt.Sprintf("Below the think span for %s there is a span for the query.", subject), think)
		}
	}
	return nil
}

// queryElsewhere returns a finding for a query that isn't below a think span.
func (s *story) queryElsewhere(expected string, think *apm.Span) *Finding {
	query := s.first(isQuery)
	switch {
	case query == nil:
		return s.finding(expected, "There is no query span.", s.whyNoQuery(), mark{think, "no query below it"})
	case query.TraceID != think.TraceID:
		return s.finding(expected, "The query started a trace of its own.",
			"The query's context carries no span. Pass QueryRowContext the ctx that tracer.StartSpanFromContext "+
				"returns in think.",
			mark{think, "no query below it"}, mark{query, "no parent"})
	case s.parent(query) != nil:
		return s.finding(expected, fmt.Sprintf("The query is below %s.", named(s.parent(query))),
			"The query uses the request's context, without the think span. Pass QueryRowContext the ctx that "+
				"tracer.StartSpanFromContext returns in think.",
			mark{think, "no query below it"}, mark{query, "not below think"})
	}
	return s.finding(expected, "The query's parent is missing.", missingParent,
		mark{think, "no query below it"}, mark{query, "its parent is missing"})
}

// whyNoQuery is the likely reason that no query shows: by the code if it is known,
// and otherwise by what the response has of a row.
func (s *story) whyNoQuery() string {
	const (
		plain = "The database is opened with sql.Open, which traces nothing. " +
			"Open it with sqltrace.Open, after sqltrace.Register."
		context = "The query has no context with a span. " +
			"Use QueryRowContext, with the ctx that tracer.StartSpanFromContext returns in think."
		fromMap = "The thoughts still come from the map in memory.go. " +
			"Query a SQLite database instead, in the code that think calls."
	)
	reasons := []string{fromMap, plain, context} // no trace tells them apart
	for _, subject := range s.subjects {
		if answer, ok := s.answer(subject); ok && (answer.ID != 0 || answer.Subject != "") {
			reasons = reasons[1:] // a row has more than the map
			break
		}
	}
	return s.Code.likely("thinker", strings.Join(reasons, " Or: "),
		clue{lacks: `database/sql`, cause: fromMap},
		clue{has: `sql\.Open\(`, lacks: `sqltrace\.Open\(`, cause: plain},
		clue{has: `\.Query(Row)?\([^)]|\.Query(Row)?Context\(context\.`, cause: context},
		clue{cause: "No query runs for this request, or its context has no span. " +
			"Have think call the store, with the ctx that tracer.StartSpanFromContext returns."})
}

// statement finds a query whose resource isn't its statement, or differs from one
// subject to the next.
func statement(s *story) *Finding {
	const expected = "The query's resource is the statement, with a ? in place of the subject."
	queries := s.all(isQuery)
	for _, subject := range s.subjects {
		for _, query := range queries {
			if strings.Contains(strings.ToLower(query.Resource), "'"+strings.ToLower(subject)+"'") ||
				strings.Contains(query.Resource, `"`+subject+`"`) {
				return s.finding(expected, fmt.Sprintf("The resource is %s", format.Printable(query.Resource, 160)),
					"The subject is written into the SQL, with fmt.Sprintf or +. Pass it as an argument. "+
						"Otherwise each subject becomes a separate resource, and a subject could contain SQL.",
					mark{query, "contains the subject"})
			}
		}
	}
	if !strings.Contains(strings.ToUpper(queries[0].Resource), "SELECT") {
		return s.finding(expected, fmt.Sprintf("The resource is %s", format.Printable(queries[0].Resource, 160)),
			"Your code makes that span. sqltrace.Open makes one with the statement as its resource.",
			mark{queries[0], "not a statement"})
	}
	return nil
}

// unknownSubject finds what is wrong for a subject without a row. The query has to
// succeed, and then either The Machine responds or think is an error.
func unknownSubject(s *story) *Finding {
	if finding := noRow(s); finding != nil {
		return finding
	}
	if len(s.failed()) == 0 && s.answeredAll() {
		return nil // by The Machine
	}
	return errorOnThink(s)
}

// noRow finds a missing row that fails the request, fails the query, or turns into an
// empty thought.
func noRow(s *story) *Finding {
	const expected = "A query that finds no row succeeds: its span isn't an error, and the response is a 200."
	if finding := answered(s); finding != nil {
		for _, span := range s.spans {
			if strings.Contains(span.ErrorMessage(), "no rows in result set") {
				finding.Cause = `sql.ErrNoRows reaches the caller. find has to return unknownSubject instead: ` +
					`the microservice turns that into "Subject unknown".`
			}
		}
		return finding
	}
	if finding := thinkSpans(s); finding != nil {
		return finding
	}
	for _, subject := range s.subjects {
		for _, query := range s.all(isQuery) {
			if query.Error {
				return s.finding(expected, fmt.Sprintf("The query is an error: %s", format.Printable(query.ErrorMessage(), 200)),
					"The statement fails, or your code sets the error on the query's span. A missing row is an error of think.",
					mark{query, "should not be an error"})
			}
		}
		if known(subject) {
			continue
		}
		answer, ok := s.answer(subject)
		if ok && !answer.Error && answer.Quote == "" {
			return s.finding(expected, "The response is a thought without a quote: "+format.Printable(s.Body, 200),
				"find returns an empty thought for a missing row. Look at the error that Scan returns.",
				mark{s.think(subject), "an empty thought"})
		}
	}
	return nil
}

// answeredAll reports whether every subject has a thought, as far as the response is
// known.
func (s *story) answeredAll() bool {
	for _, subject := range s.subjects {
		if answer, ok := s.answer(subject); ok && answer.Error {
			return false
		}
	}
	return true
}

// machine is the author of thoughts on subjects that nobody wrote about.
const machine = "The Machine"

// judgeMachine judges the last request for an unknown subject, then those for the
// subjects that have an author.
func judgeMachine(requests []Request) Verdict {
	verdict := byLast(someUnknown, byMachine, apiSpan, thinkerSpan)(requests)
	if verdict.State != Passed {
		return verdict
	}
	for _, r := range requests {
		if s := newStory(r); someKnown(s) && !r.Direct {
			if finding := onlyUnknown(s); finding != nil {
				return s.verdict(finding)
			}
		}
	}
	return verdict
}

func byMachine(s *story) *Finding {
	if finding := noRow(s); finding != nil {
		return finding
	}
	for _, subject := range s.subjects {
		if known(subject) {
			continue
		}
		expected := fmt.Sprintf("The response about %s is a thought by The Machine.", subject)
		answer, ok := s.answer(subject)
		switch {
		case ok && answer.Error:
			return s.finding(expected, "The response is "+format.Printable(s.Body, 200),
				"find still returns unknownSubject for a missing row. Return a thought there, and no error.",
				mark{s.think(subject), "should not be an error"})
		case ok && answer.Author != machine:
			return s.finding(expected, fmt.Sprintf("Its author is %q.", format.Printable(answer.Author, 80)),
				"The author has to be The Machine, spelled like this.", mark{s.think(subject), "another author"})
		}
	}
	if marks := s.failed(); len(marks) > 0 {
		return s.finding("No span is an error, because every subject got a thought.",
			fmt.Sprintf("%s is an error: %s", sentence(named(marks[0].span)),
				format.Printable(marks[0].span.ErrorMessage(), 160)),
			"Your code still gives the span an error, although there is a thought. "+
				"Return nil as the error, and set no error on the span.", marks...)
	}
	return nil
}

// onlyUnknown finds a known subject that The Machine responds to.
func onlyUnknown(s *story) *Finding {
	for _, subject := range s.subjects {
		if answer, ok := s.answer(subject); ok && known(subject) && answer.Author == machine {
			return s.finding(fmt.Sprintf("%s is in the database, so its thought isn't by The Machine.", subject),
				"The response is "+format.Printable(s.Body, 200),
				"find returns The Machine's thought even if there is a row. Return it only for sql.ErrNoRows.")
		}
	}
	return nil
}
