package store

import (
	"crypto/sha256"
	"encoding/binary"
)

// Values are told apart by an abridged form while they are counted, so that ten
// thousand long ones take little memory. The few that are returned are read again.

const (
	abridgedLength = 256
	longestTotal   = 4 << 20 // bytes of the values that one request returns
)

// abridge returns a value that is short, and of a long one its beginning, its length
// and a hash.
func abridge(value string) string {
	if len(value) <= abridgedLength {
		return value
	}
	sum := sha256.Sum256([]byte(value))
	short := append(make([]byte, 0, abridgedLength+8+len(sum)), value[:abridgedLength]...)
	short = binary.BigEndian.AppendUint64(short, uint64(len(value)))
	return string(append(short, sum[:]...))
}

// isAbridged reports whether abridge has left something out.
func isAbridged(value string) bool { return len(value) > abridgedLength }

// lengthOf returns the length of the value that an abridged one is for.
func lengthOf(value string) int {
	if !isAbridged(value) {
		return len(value)
	}
	return int(binary.BigEndian.Uint64([]byte(value[abridgedLength:])))
}
