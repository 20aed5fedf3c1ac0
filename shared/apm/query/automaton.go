package query

import (
	"slices"
	"unicode/utf8"
)

// An automaton finds a segment in time proportional to the text's length, even if the
// segment nearly fits at many positions. It tries all positions at once: bit i of its
// state is set while the segment's runes up to i fit the end of the text read so far
// (the shift-and algorithm).
type automaton struct {
	state []uint64
	end   uint64 // the bit of the segment's last rune, in the last word

	// For each rune of a text, the bits of the segment's runes that it fits.
	ascii    [utf8.RuneSelf][]uint64
	nonASCII map[rune][]uint64
	others   []uint64 // of a rune that isn't in the segment and fits only ?
}

func newAutomaton(segment []rune) *automaton {
	words := (len(segment) + 63) / 64
	a := &automaton{
		state:    make([]uint64, words),
		end:      1 << ((len(segment) - 1) % 64),
		nonASCII: map[rune][]uint64{},
		others:   make([]uint64, words),
	}
	for i, r := range segment {
		if r == anyRune {
			a.others[i/64] |= 1 << (i % 64)
		}
	}
	for i := range a.ascii {
		a.ascii[i] = a.others
	}
	for i, r := range segment {
		if r == anyRune {
			continue
		}
		bits := a.bits(r)
		if &bits[0] == &a.others[0] {
			bits = slices.Clone(a.others)
			if r < utf8.RuneSelf {
				a.ascii[r] = bits
			} else {
				a.nonASCII[r] = bits
			}
		}
		bits[i/64] |= 1 << (i % 64)
	}
	return a
}

func (a *automaton) bits(r rune) []uint64 {
	if r < utf8.RuneSelf {
		return a.ascii[r]
	}
	if bits, ok := a.nonASCII[r]; ok {
		return bits
	}
	return a.others
}

// next reads the text's next rune and reports whether the segment fits the text that
// ends with it. The segment may start at that rune only if mayStart is set.
func (a *automaton) next(r rune, mayStart bool) bool {
	var carry uint64
	if mayStart {
		carry = 1
	}
	bits := a.bits(r)[:len(a.state)]
	for i, word := range a.state {
		a.state[i] = (word<<1 | carry) & bits[i]
		carry = word >> 63
	}
	return a.state[len(a.state)-1]&a.end != 0
}

// An effort counts the bytes compared without a match. Comparing at one position after
// the other is fastest for most texts, until it has cost more than an automaton would.
type effort int

// exceeds adds the bytes compared and reports whether an automaton is faster for the
// rest of the text, given the bytes by which the search has advanced.
func (e *effort) exceeds(compared, advanced int, segment []rune) bool {
	*e += effort(compared)
	words := (len(segment) + 63) / 64
	return int(*e) > 16*advanced+2*words*(len(segment)+utf8.RuneSelf)
}
