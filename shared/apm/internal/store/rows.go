package store

import (
	"iter"
	"math/bits"
)

// A rowSet holds rows of a segment, a bit for each.
type rowSet []uint64

func newRowSet(rows int) rowSet { return make(rowSet, (rows+63)/64) }

// allRows holds every row of a segment of that many.
func allRows(rows int) rowSet {
	s := newRowSet(rows)
	for i := range s {
		s[i] = ^uint64(0)
	}
	if extra := rows % 64; extra > 0 {
		s[len(s)-1] = 1<<extra - 1
	}
	return s
}

func (s rowSet) add(row int) { s[row/64] |= 1 << (row % 64) }

func (s rowSet) has(row int) bool { return row/64 < len(s) && s[row/64]&(1<<(row%64)) != 0 }

func (s rowSet) intersect(other rowSet) {
	for i := range s {
		s[i] &= other[i]
	}
}

func (s rowSet) unite(other rowSet) {
	for i := range s {
		s[i] |= other[i]
	}
}

// remove takes out the rows of other, which may be shorter.
func (s rowSet) remove(other rowSet) {
	for i := range min(len(s), len(other)) {
		s[i] &^= other[i]
	}
}

func (s rowSet) empty() bool {
	for _, word := range s {
		if word != 0 {
			return false
		}
	}
	return true
}

func (s rowSet) count() int {
	n := 0
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return n
}

// half returns the first half of the rows.
func (s rowSet) half() rowSet {
	half, n := make(rowSet, len(s)), s.count()/2
	for row := range s.all() {
		if n--; n < 0 {
			break
		}
		half.add(row)
	}
	return half
}

// all goes through the rows, the first one first.
func (s rowSet) all() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, word := range s {
			for ; word != 0; word &= word - 1 {
				if !yield(64*i + bits.TrailingZeros64(word)) {
					return
				}
			}
		}
	}
}

// keep leaves the rows that pass the test.
func (s rowSet) keep(test func(row int) bool) {
	for row := range s.all() {
		if !test(row) {
			s[row/64] &^= 1 << (row % 64)
		}
	}
}
