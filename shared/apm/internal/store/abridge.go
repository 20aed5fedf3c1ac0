package store

import (
	"crypto/sha256"
	"encoding/binary"
)

// Values are abridged while they are counted, so that ten thousand long ones take little
// memory. The few that are returned are read again.

const (
	abridgedLength = 256
	maxTotalLength = 4 << 20 // bytes of the values that one request returns
)

// abridge returns a short value unchanged, and the beginning, length and hash of a long one.
func abridge(value string) string {
	if len(value) <= abridgedLength {
		return value
	}
	sum := sha256.Sum256([]byte(value))
	short := append(make([]byte, 0, abridgedLength+8+len(sum)), value[:abridgedLength]...)
	short = binary.BigEndian.AppendUint64(short, uint64(len(value)))
	return string(append(short, sum[:]...))
}

// isAbridged reports whether a value was abridged.
func isAbridged(value string) bool { return len(value) > abridgedLength }

// lengthOf returns the length of the full value.
func lengthOf(value string) int {
	if !isAbridged(value) {
		return len(value)
	}
	return int(binary.BigEndian.Uint64([]byte(value[abridgedLength:])))
}
