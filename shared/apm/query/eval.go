package query

import (
	"github.com/bits-and-blooms/bitset"

	"thinker/shared/apm"
)

// Match reports whether the span is selected.
func (s Selection) Match(of *apm.Span) bool {
	rows, _ := s.Find(span{of}) // a span has no errors
	return rows.Any()
}

// Match reports whether the query matches the span.
func (q Query) Match(s *apm.Span) bool { return Selection{Query: q}.Match(s) }

// Find returns the selected rows.
func (s Selection) Find(in Columns) (*bitset.BitSet, error) {
	rows := all(in)
	for _, narrow := range []func(Columns, *bitset.BitSet) error{s.narrowTime, s.Scope.narrow, s.Query.narrow} {
		if rows.None() {
			break
		}
		if err := narrow(in, rows); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

func all(in Columns) *bitset.BitSet {
	rows := bitset.New(uint(in.Rows()))
	rows.FlipRange(0, uint(in.Rows()))
	return rows
}

// narrowTime removes the rows that started outside the selection's time range.
func (s Selection) narrowTime(in Columns, rows *bitset.BitSet) error {
	if s.From == 0 && s.To == 0 {
		return nil
	}
	return filter(in, Start, rows, func(n uint64) bool {
		return (s.From == 0 || int64(n) >= s.From) && (s.To == 0 || int64(n) < s.To)
	})
}

// filter removes the rows whose number fails the test.
func filter(in Columns, c Column, rows *bitset.BitSet, test func(uint64) bool) error {
	numbers, err := in.Numbers(c)
	for row := range EachRow(rows) {
		if err == nil && !test(numbers[row]) {
			rows.Clear(row)
		}
	}
	return err
}

// narrow removes the rows outside the scope.
func (s Scope) narrow(in Columns, rows *bitset.BitSet) error {
	switch s {
	case RootSpans:
		return filter(in, ParentID, rows, func(id uint64) bool { return id == 0 })
	case ServiceEntrySpans:
		entries := bitset.New(uint(in.Rows()))
		for _, tag := range apm.TopLevelTags() {
			if err := in.Collect(Column{NumberTag, tag}, one{}, entries); err != nil {
				return err
			}
		}
		rows.InPlaceIntersection(entries)
	}
	return nil
}

// one matches the number 1.
type one struct{}

func (one) MatchText(string) bool          { return false }
func (one) MatchNumber(value float64) bool { return value == 1 }

// narrow removes the rows that don't match the query.
func (q Query) narrow(in Columns, rows *bitset.BitSet) error {
	if q.Expr == nil {
		return nil
	}
	found, err := q.Expr.find(in)
	if err != nil {
		return err
	}
	rows.InPlaceIntersection(found)
	return nil
}

func (a And) find(in Columns) (*bitset.BitSet, error) {
	rows := all(in)
	for _, part := range a {
		found, err := part.find(in)
		if err != nil {
			return nil, err
		}
		if rows.InPlaceIntersection(found); rows.None() {
			break
		}
	}
	return rows, nil
}

func (o Or) find(in Columns) (*bitset.BitSet, error) {
	rows := bitset.New(uint(in.Rows()))
	for _, part := range o {
		found, err := part.find(in)
		if err != nil {
			return nil, err
		}
		rows.InPlaceUnion(found)
	}
	return rows, nil
}

func (n Not) find(in Columns) (*bitset.BitSet, error) {
	rows := all(in)
	found, err := n.Expr.find(in)
	if err != nil {
		return nil, err
	}
	rows.InPlaceDifference(found)
	return rows, nil
}

func (t Term) find(in Columns) (*bitset.BitSet, error) {
	rows := bitset.New(uint(in.Rows()))
	switch column := t.Field.Columns()[0]; {
	case t.Field.IsDuration():
		return rowsWhere(in, Duration, func(n uint64) bool { return t.Test.MatchNumber(float64(n)) })
	case column == TraceID, column == SpanID:
		return newIDTest(t.Test).find(in, column)
	case column == Failed:
		return t.findStatus(in)
	case t.Field.Tag:
		for _, c := range t.Field.Columns() {
			if err := in.Collect(c, t.Test, rows); err != nil {
				return nil, err
			}
		}
		return rows, nil
	default: // a reserved attribute with an empty value counts as missing
		return rows, in.Collect(column, notEmpty{t.Test}, rows)
	}
}

type notEmpty struct{ Test }

func (n notEmpty) MatchText(value string) bool { return value != "" && n.Test.MatchText(value) }

// rowsWhere returns the rows whose number passes the test.
func rowsWhere(in Columns, c Column, test func(uint64) bool) (*bitset.BitSet, error) {
	numbers, err := in.Numbers(c)
	rows := bitset.New(uint(in.Rows()))
	for row, n := range numbers {
		if test(n) {
			rows.Set(uint(row))
		}
	}
	return rows, err
}

func (t Term) findStatus(in Columns) (*bitset.BitSet, error) {
	failed, rows := bitset.New(uint(in.Rows())), bitset.New(uint(in.Rows()))
	if err := in.Collect(Failed, Any{}, failed); err != nil {
		return nil, err
	}
	if t.Test.MatchText("ok") {
		rows = all(in)
		rows.InPlaceDifference(failed)
	}
	if t.Test.MatchText("error") {
		rows.InPlaceUnion(failed)
	}
	return rows, nil
}

// find returns the rows whose ID in a column passes the test.
func (t idTest) find(in Columns, c Column) (*bitset.BitSet, error) {
	var highs []uint64
	if c == TraceID {
		var err error
		if highs, err = in.Numbers(TraceIDHigh); err != nil {
			return nil, err
		}
	}
	numbers, err := in.Numbers(c)
	rows := bitset.New(uint(in.Rows()))
	for row, low := range numbers {
		if !t.mayMatch(low) {
			continue
		}
		var high uint64
		if highs != nil {
			high = highs[row]
		}
		if t.match(high, low) {
			rows.Set(uint(row))
		}
	}
	return rows, err
}

// find returns the rows that have the words in one of their texts, or as an ID.
func (t Text) find(in Columns) (*bitset.BitSet, error) {
	rows := bitset.New(uint(in.Rows()))
	tags, err := in.Tags()
	if err != nil {
		return nil, err
	}
	for _, c := range append([]Column{Service, Operation, Resource}, tags...) {
		if c.IsTag() && !LooksIn(c.Name) {
			continue
		}
		if err := in.Collect(c, t, rows); err != nil {
			return nil, err
		}
	}
	if !t.ids.any() {
		return rows, nil
	}
	for _, c := range []Column{TraceID, SpanID} {
		found, err := t.ids.find(in, c)
		if err != nil {
			return nil, err
		}
		rows.InPlaceUnion(found)
	}
	return rows, nil
}
