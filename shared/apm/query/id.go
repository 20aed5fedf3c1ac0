package query

import (
	"encoding/binary"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"thinker/shared/apm"
)

// An ID is a trace ID or a span ID.
type ID struct {
	High uint64 // of a 128-bit trace ID; 0 if unknown
	Low  uint64
}

// ParseIDs returns the IDs that a text can mean. It reads decimal and hexadecimal
// numbers of 64 or 128 bits, with or without 0x, leading zeros and surrounding
// blanks. Digits alone can be either: the decimal reading comes first.
func ParseIDs(text string) (ids []ID) {
	const maxLength = 39 // decimal digits of 128 bits
	text = strings.TrimSpace(text)
	for _, base := range []int{10, 16} {
		digits := text
		if base == 16 {
			digits = strings.TrimPrefix(strings.ToLower(text), "0x")
		}
		if len(digits) == 0 || len(digits) > maxLength || strings.Trim(digits, "0123456789abcdefABCDEF") != "" {
			continue
		}
		number, ok := new(big.Int).SetString(digits, base)
		if !ok || number.BitLen() > 128 {
			continue
		}
		var bytes [16]byte
		number.FillBytes(bytes[:])
		id := ID{binary.BigEndian.Uint64(bytes[:8]), binary.BigEndian.Uint64(bytes[8:])}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// is reports whether two IDs can be the same. Only one span of a trace has the
// upper half of its ID, so an unknown half fits any.
func (id ID) is(other ID) bool {
	return id.Low == other.Low && (id.High == 0 || other.High == 0 || id.High == other.High)
}

// An idTest runs a Test on IDs. A value without wildcards is read by ParseIDs; one
// with wildcards is matched with the decimal form and with 16 and 32 hexadecimal
// digits.
type idTest struct {
	test    Test
	literal bool // whether only the ids match
	ids     []ID
}

// newIDTest prepares a test for many IDs.
func newIDTest(test Test) idTest {
	pattern, ok := test.(Pattern)
	if !ok || !pattern.literal() {
		return idTest{test: test}
	}
	return idTest{literal: true, ids: ParseIDs(pattern.text)}
}

// any reports whether the test can match an ID at all.
func (t idTest) any() bool { return !t.literal || len(t.ids) > 0 }

// mayMatch reports whether match may accept an ID with this lower half. It's faster, and
// rules out most IDs.
func (t idTest) mayMatch(low uint64) bool {
	return !t.literal || slices.ContainsFunc(t.ids, func(id ID) bool { return id.Low == low })
}

// match reports whether the test accepts the ID. high is 0 if unknown.
func (t idTest) match(high, low uint64) bool {
	if t.literal {
		return slices.ContainsFunc(t.ids, func(id ID) bool { return id.is(ID{high, low}) })
	}
	return t.test.MatchText(strconv.FormatUint(low, 10)) ||
		t.test.MatchText(fmt.Sprintf("%016x", low)) || t.test.MatchText(apm.HexID(high, low))
}
