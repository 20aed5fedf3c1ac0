package query

import "unicode/utf8"

// An automaton finds a segment in time proportional to the text's length, however
// nearly the segment fits at each place. It follows all places at once: bit i of
// its state is set while the segment's runes up to i fit the text up to here
// (the shift-and algorithm).
type automaton struct {
	state []uint64
	end   uint64 // the bit of the segment's last rune, in the last word

	// The bits of the runes in the segment that a rune of the text fits.
	ascii  [utf8.RuneSelf][]uint64
	beyond map[rune][]uint64
	others []uint64 // a rune that the segment doesn't have, which only ? fits
}

func newAutomaton(segment []rune) *automaton {
	words := (len(segment) + 63) / 64
	a := &automaton{state: make([]uint64, words), end: 1 << ((len(segment) - 1) % 64), beyond: map[rune][]uint64{}, others: make([]uint64, words)}
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
			bits = append([]uint64(nil), a.others...)
			if r < utf8.RuneSelf {
				a.ascii[r] = bits
			} else {
				a.beyond[r] = bits
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
	if bits, ok := a.beyond[r]; ok {
		return bits
	}
	return a.others
}

// next takes the text's next rune and reports whether the segment fits up to it.
// The segment may begin with that rune only if begins is set.
func (a *automaton) next(r rune, begins bool) bool {
	var carry uint64
	if begins {
		carry = 1
	}
	bits := a.bits(r)[:len(a.state)]
	for i, word := range a.state {
		a.state[i] = (word<<1 | carry) & bits[i]
		carry = word >> 63
	}
	return a.state[len(a.state)-1]&a.end != 0
}

// An effort counts the runes that were compared in vain. Comparing at one place
// after the other is fastest for most texts, until it has cost more than an
// automaton would.
type effort int

// exceeds adds the bytes compared and reports whether an automaton is better from
// here on, once the search has advanced by so many bytes.
func (e *effort) exceeds(compared, advanced int, segment []rune) bool {
	*e += effort(compared)
	words := (len(segment) + 63) / 64
	return int(*e) > 16*advanced+2*words*(len(segment)+utf8.RuneSelf)
}
