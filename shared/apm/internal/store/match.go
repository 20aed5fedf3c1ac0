package store

import (
	"cmp"
	"context"
	"runtime"

	"thinker/shared/apm/query"
)

// match finds the rows of a segment that a selection looks for, and whose
// traces are kept.
func (s *Store) match(ctx context.Context, g *segment, selection query.Selection) (rowSet, error) {
	rows := allRows(g.rows)
	if !g.overlaps(selection.From, selection.To) {
		return newRowSet(g.rows), nil
	}
	rows.remove(g.dead)
	for _, narrow := range []func(context.Context, *segment, rowSet, query.Selection) error{s.inTime, s.inScope, s.inQuery} {
		if rows.empty() {
			break
		}
		if err := narrow(ctx, g, rows, selection); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// inTime leaves the rows that started in the selection's time.
func (s *Store) inTime(_ context.Context, g *segment, rows rowSet, selection query.Selection) error {
	if (selection.From == 0 || selection.From <= g.first) && (selection.To == 0 || g.last < selection.To) {
		return nil
	}
	starts, err := s.column(g, key{wide, start})
	if err != nil {
		return err
	}
	rows.keep(func(row int) bool {
		at := int64(starts.numbers[row])
		return (selection.From == 0 || at >= selection.From) && (selection.To == 0 || at < selection.To)
	})
	return nil
}

// inScope leaves the rows that are in the selection's scope.
func (s *Store) inScope(ctx context.Context, g *segment, rows rowSet, selection query.Selection) error {
	switch selection.Scope {
	case query.RootSpans:
		parents, err := s.column(g, key{wide, parentID})
		if err != nil {
			return err
		}
		rows.keep(func(row int) bool { return parents.numbers[row] == 0 })
	case query.ServiceEntrySpans:
		entries := newRowSet(g.rows)
		for _, tag := range []string{"_dd.top_level", "_top_level"} {
			if err := s.collect(ctx, g, key{metric, tag}, entries, func(value string) bool { return float(value) == 1 }); err != nil {
				return err
			}
		}
		rows.intersect(entries)
	}
	return nil
}

// inQuery leaves the rows that match the selection's query.
func (s *Store) inQuery(ctx context.Context, g *segment, rows rowSet, selection query.Selection) error {
	if selection.Query.Expr == nil {
		return nil
	}
	found, err := s.answer(ctx, g, selection.Query)
	if err != nil {
		return err
	}
	rows.intersect(found)
	return nil
}

// answer finds the rows that match a query. Of a segment in the file it is kept
// among its columns: a page asks for the same spans several times, and again when
// it refreshes itself.
func (s *Store) answer(ctx context.Context, g *segment, q query.Query) (rowSet, error) {
	if g.builder != nil {
		return s.eval(ctx, g, q.Expr)
	}
	asked := cacheKey{g.id, key{answered, q.String()}}
	if c, ok := s.cache.get(asked); ok {
		return c.numbers, nil
	}
	rows, err := s.eval(ctx, g, q.Expr)
	if err == nil {
		s.cache.put(asked, &column{numbers: rows})
	}
	return rows, err
}

// eval finds the rows that an expression holds for.
func (s *Store) eval(ctx context.Context, g *segment, e query.Expr) (rowSet, error) {
	switch e := e.(type) {
	case query.And:
		rows := allRows(g.rows)
		for _, part := range e {
			found, err := s.eval(ctx, g, part)
			if err != nil {
				return nil, err
			}
			if rows.intersect(found); rows.empty() {
				break
			}
		}
		return rows, nil
	case query.Or:
		rows := newRowSet(g.rows)
		for _, part := range e {
			found, err := s.eval(ctx, g, part)
			if err != nil {
				return nil, err
			}
			rows.unite(found)
		}
		return rows, nil
	case query.Not:
		found, err := s.eval(ctx, g, e.Expr)
		if err != nil {
			return nil, err
		}
		rows := allRows(g.rows)
		rows.remove(found)
		return rows, nil
	case query.Term:
		return s.term(ctx, g, e)
	default:
		return s.text(ctx, g, e.(query.Text))
	}
}

// term finds the rows whose attribute passes the test. It is run on distinct
// values, not on spans.
func (s *Store) term(ctx context.Context, g *segment, t query.Term) (rowSet, error) {
	rows := newRowSet(g.rows)
	from := func(test func(string) bool) (rowSet, error) {
		for _, k := range fieldKeys(t.Field) {
			test := test
			if k.kind == metric {
				test = func(value string) bool { return t.Test.MatchNumber(float(value)) }
			}
			if err := s.collect(ctx, g, k, rows, test); err != nil {
				return nil, err
			}
		}
		return rows, nil
	}
	switch {
	case t.Field.IsDuration():
		return s.numbers(g, duration, func(n uint64) bool { return t.Test.MatchNumber(float64(n)) })
	case t.Field.Tag:
		return from(t.Test.MatchText)
	}
	switch t.Field.Name {
	case "status":
		return s.status(ctx, g, t.Test)
	case "trace_id":
		return s.traceIDs(g, query.NewIDTest(t.Test))
	case "span_id":
		return s.spanIDs(g, query.NewIDTest(t.Test))
	default:
		return from(func(value string) bool { return value != "" && t.Test.MatchText(value) })
	}
}

func (s *Store) numbers(g *segment, name string, test func(uint64) bool) (rowSet, error) {
	c, err := s.column(g, key{wide, name})
	if err != nil {
		return nil, err
	}
	rows := newRowSet(g.rows)
	for row, n := range c.numbers {
		if test(n) {
			rows.add(row)
		}
	}
	return rows, nil
}

func (s *Store) status(ctx context.Context, g *segment, test query.Test) (rowSet, error) {
	bad, rows := newRowSet(g.rows), newRowSet(g.rows)
	if err := s.collect(ctx, g, key{field, failed}, bad, func(string) bool { return true }); err != nil {
		return nil, err
	}
	if test.MatchText("ok") {
		rows = allRows(g.rows)
		rows.remove(bad)
	}
	if test.MatchText("error") {
		rows.unite(bad)
	}
	return rows, nil
}

func (s *Store) spanIDs(g *segment, test query.IDTest) (rowSet, error) {
	return s.numbers(g, spanID, func(id uint64) bool { return test.MayMatch(id) && test.Match(0, id) })
}

func (s *Store) traceIDs(g *segment, test query.IDTest) (rowSet, error) {
	highs, err := s.column(g, key{field, traceIDHigh})
	if err != nil {
		return nil, err
	}
	lows, err := s.column(g, key{wide, traceID})
	if err != nil {
		return nil, err
	}
	rows := newRowSet(g.rows)
	for row, low := range lows.numbers {
		if test.MayMatch(low) && test.Match(highs.numberAt(row), low) {
			rows.add(row)
		}
	}
	return rows, nil
}

// text finds the rows with words in any of their texts, or as an ID.
func (s *Store) text(ctx context.Context, g *segment, t query.Text) (rowSet, error) {
	rows := newRowSet(g.rows)
	keys, err := s.keys(g)
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		switch {
		case k.kind == field && k.name != service && k.name != name && k.name != resource, k.kind == wide, k.kind >= meta && !query.LooksIn(k.name):
			continue
		}
		test := t.MatchText
		if k.kind == metric {
			test = func(value string) bool { return t.MatchNumber(float(value)) }
		}
		if err := s.collect(ctx, g, k, rows, test); err != nil {
			return nil, err
		}
	}
	if !t.IDs().Any() {
		return rows, nil
	}
	for _, find := range []func(*segment, query.IDTest) (rowSet, error){s.traceIDs, s.spanIDs} {
		found, err := find(g, t.IDs())
		if err != nil {
			return nil, err
		}
		rows.unite(found)
	}
	return rows, nil
}

// collect adds the rows whose value in a column passes the test. It ends early,
// with ctx's error, when ctx does.
func (s *Store) collect(ctx context.Context, g *segment, k key, rows rowSet, test func(string) bool) error {
	const often = 64 << 10 // bytes of values
	unchecked := 0
	ended := false
	c, err := s.seek(g, k, func(value string) bool {
		if unchecked += 16 + len(value); unchecked > often {
			unchecked, ended = 0, ctx.Err() != nil
		}
		return ended || test(value)
	})
	if err := cmp.Or(ctx.Err(), err); err != nil || c == nil {
		return err
	}
	hits := make([]bool, len(c.values))
	any := false
	for code, value := range c.values {
		if unchecked += 16 + len(value); unchecked > often {
			unchecked = 0
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		hits[code] = test(value)
		any = any || hits[code]
	}
	if !any {
		return nil
	}
	for i, code := range c.codes {
		if hits[code] {
			rows.add(int(c.rows[i]))
		}
	}
	return nil
}

// inParallel calls do for each of the segments, on all processors, the last
// segments first, and gives their answers in order to take until that says
// that it has enough.
func inParallel[T any](ctx context.Context, turns jobs, parts []*segment, do func(*segment) (T, error), take func(*segment, T) (enough bool, err error)) error {
	atOnce := runtime.GOMAXPROCS(0)
	for end := len(parts); end > 0; {
		if err := ctx.Err(); err != nil {
			return err
		}
		begin := max(0, end-atOnce)
		answers := make([]T, end-begin)
		err := turns.parallel(ctx, len(answers), func(i int) (err error) {
			answers[i], err = do(parts[begin+i])
			return err
		})
		if err != nil {
			return err
		}
		for i := len(answers) - 1; i >= 0; i-- {
			if enough, err := take(parts[begin+i], answers[i]); enough || err != nil {
				return err
			}
		}
		end = begin
		atOnce = min(2*atOnce, 8*runtime.GOMAXPROCS(0))
	}
	return nil
}
