package lesson

import (
	"fmt"
	"strings"

	"thinker/shared/apm"
)

// sqliteStore is lesson 4: thoughts are read from a database, and each query is a span.
func sqliteStore() []Expectation {
	mankind := []string{"/think/?subject=mankind"}
	queried := byLast(someKnown, firstOf(entered, thinkSpans, querySpan))
	return []Expectation{
		{
			ID: "query-span", Says: "A thought is read from the database: its query is a span below think.", Asks: mankind,
			judge: queried,
		},
		{
			ID: "statement", Says: "The query's resource is its statement, the same for every subject.", Asks: mankind,
			judge: byLast(someKnown, statement, entered, thinkSpans, querySpan),
		},
		{
			ID: "unknown-subject", Says: "Where there is no row, the query worked: the error is on think, or nowhere once The Machine answers.",
			Asks:  []string{"/think/?subject=art"},
			judge: unless(queried, byLast(someUnknown, unknownSubject, apiSpan, thinkerSpan)),
		},
	}
}

// querySpan finds a subject whose thought is not read by a query below its think span.
func querySpan(s *story) *Finding {
	for _, subject := range s.subjects {
		expected := fmt.Sprintf("Below the think span for %s there is a span for the query.", subject)
		think := s.think(subject)
		if len(s.allBelow(think, isQuery)) == 0 {
			return s.queryless(expected, think)
		}
		answer, ok := s.answer(subject)
		if ok && known(subject) && (answer.ID == 0 || answer.Subject != subject) {
			return s.finding(fmt.Sprintf("The answer about %s is the row of the database, with its id and its subject.", subject),
				"The answer is "+apm.Printable(s.Body, 300),
				"The query is made, but its row is not what is answered: Scan must fill a thought's ID and Subject as well, and both need their names in JSON.")
		}
	}
	return nil
}

// queryless says where a query is that should be below a think span.
func (s *story) queryless(expected string, think *apm.Span) *Finding {
	query := s.first(isQuery)
	switch {
	case query == nil && s.bare():
		return s.finding(expected, "No query is to be seen, and the answer has no id: it does not come from the database.",
			"find still looks in the map of thoughts.go.", mark{think, "no query below it"})
	case query == nil:
		return s.finding(expected, "No query is to be seen.",
			"The query has no context, or not think's (QueryRow in place of QueryRowContext, or context.Background()); or the database is opened by sql.Open in place of sqltrace.Open.",
			mark{think, "no query below it"})
	case query.TraceID != think.TraceID:
		return s.finding(expected, "The query began a trace of its own.",
			"The query's context carries no span: give QueryRowContext the context that think has from starting its span.",
			mark{think, "no query below it"}, mark{query, "no parent"})
	case s.parent(query) != nil:
		return s.finding(expected, fmt.Sprintf("The query is below %s.", named(s.parent(query))),
			"The query's context is that of the request. It must be the one that tracer.StartSpanFromContext returns in think.",
			mark{think, "no query below it"}, mark{query, "not below think"})
	}
	return s.finding(expected, "The query's parent has not come.", "The span that the query is for is never finished.",
		mark{think, "no query below it"}, mark{query, "not below think"})
}

// bare tells that an answer has no row in it, though it could have.
func (s *story) bare() bool {
	for _, subject := range s.subjects {
		if answer, ok := s.answer(subject); !known(subject) || !ok || answer.ID != 0 {
			return false
		}
	}
	return true
}

// statement finds a query whose resource is not its statement, or is another for
// each subject.
func statement(s *story) *Finding {
	const expected = "The query's resource is the statement, with a ? where the subject goes."
	for _, subject := range s.subjects {
		queries := s.allBelow(s.think(subject), isQuery)
		for _, query := range queries {
			if strings.Contains(strings.ToLower(query.Resource), "'"+strings.ToLower(subject)+"'") || strings.Contains(query.Resource, `"`+subject+`"`) {
				return s.finding(expected, fmt.Sprintf("The resource is %s", apm.Printable(query.Resource, 160)),
					"The subject is put into the SQL, by fmt.Sprintf or +. Give it as an argument: each subject makes a resource of its own otherwise, and a subject could be SQL.",
					mark{query, "has the subject in it"})
			}
		}
		if !strings.Contains(strings.ToUpper(queries[0].Resource), "SELECT") {
			return s.finding(expected, fmt.Sprintf("The resource is %s", apm.Printable(queries[0].Resource, 160)),
				"The span is not the library's: sqltrace.Open makes one whose resource is the statement.",
				mark{queries[0], "not a statement"})
		}
	}
	return nil
}

// unknownSubject finds what is wrong where the database has no row: the query must
// have worked, and either The Machine answers, or think is the error.
func unknownSubject(s *story) *Finding {
	const expected = "A query that finds no row has worked: it is no error, the answer is 200, and the error is on think alone; or The Machine has a thought, and nothing is an error."
	if finding := answered(s); finding != nil {
		for _, span := range s.spans {
			if strings.Contains(span.ErrorMessage(), "no rows in result set") {
				finding.Cause = `sql.ErrNoRows goes up to the caller as it is. find must make unknownSubject of it, which answer turns into "Subject unknown".`
			}
		}
		return finding
	}
	if finding := thinkSpans(s); finding != nil {
		return finding
	}
	for _, subject := range s.subjects {
		queries := s.allBelow(s.think(subject), isQuery)
		if len(queries) == 0 {
			return s.queryless(fmt.Sprintf("Below the think span for %s there is a span for the query that found no row.", subject), s.think(subject))
		}
		for _, query := range queries {
			if query.Error {
				return s.finding(expected, fmt.Sprintf("The query is an error: %s", apm.Printable(query.ErrorMessage(), 200)),
					"The statement fails, or the error is set on the query's span. That there is no row is for think to say.",
					mark{query, "failed"})
			}
		}
		if known(subject) {
			continue
		}
		answer, ok := s.answer(subject)
		if ok && !answer.Error && answer.Quote == "" {
			return s.finding(expected, "The answer is a thought without a quote: "+apm.Printable(s.Body, 200),
				"find returns an empty thought where there is no row: it does not look at what Scan says.",
				mark{s.think(subject), "failed, and does not say so"})
		}
	}
	if len(s.failed()) == 0 && s.answeredAll() {
		return nil // by The Machine
	}
	return errorOnThink(s)
}

// answeredAll tells that every subject has a thought, as far as the answer is known.
func (s *story) answeredAll() bool {
	for _, subject := range s.subjects {
		if answer, ok := s.answer(subject); ok && answer.Error {
			return false
		}
	}
	return true
}
