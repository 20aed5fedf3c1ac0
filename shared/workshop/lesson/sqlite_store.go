package lesson

func sqliteStore() []Expectation {
	return []Expectation{
		{
			ID: "query-span", Says: "A thought is read from the database: its query is a span below think.",
			Asks:  []string{"/think/?subject=mankind"},
			judge: notYet,
		},
		{
			ID: "statement", Says: "The query's resource is its statement, the same for every subject.",
			Asks:  []string{"/think/?subject=mankind"},
			judge: notYet,
		},
		{
			ID: "unknown-subject", Says: "Where there is no row, the query worked: the error is on think, or nowhere once The Machine answers.",
			Asks:  []string{"/think/?subject=art"},
			judge: notYet,
		},
	}
}
