package intake

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// maxDepth bounds how deeply values may be within each other; the formats need
// a dozen levels, and an event's attributes may be lists of lists.
const maxDepth = 100

// weighPacked looks through a payload in MessagePack before it is decoded, and
// estimates how much memory it takes then. The decoders make room for as many spans, strings or tags as a
// header announces: with eight bytes, a payload could ask for half a gigabyte.
// What is announced must be there, a byte at least for each value.
func weighPacked(body []byte, format shape) (weight int64, err error) {
	var (
		open  [maxDepth]int // values still to come, in each container around this one
		depth int
	)
	open[0] = 1
	for {
		for open[depth] == 0 {
			if depth == 0 {
				return weight, nil // what follows is nobody's, and the decoders leave it alone
			}
			depth--
		}
		open[depth]--
		length, values, err := packedHead(body)
		if err != nil {
			return 0, err
		}
		body = body[length:]
		if values < 0 {
			weight += int64(length)
			if depth != format.spans { // a span's own fields are in its weight
				weight += format.value
			}
			continue
		}
		if values > len(body) {
			return 0, fmt.Errorf("it announces %d values in %d bytes", values, len(body))
		}
		if depth++; depth == len(open) {
			return 0, fmt.Errorf("its values are nested more than %d deep", maxDepth-1)
		}
		weight += weightTable
		if depth == format.spans {
			weight += weightSpan
		}
		open[depth] = values
	}
}

var errCutOff = errors.New("the payload is truncated")

// packedHead gives the length of the value with which body begins; of a map or
// an array, the length of its header and the number of values in it, else -1. See
// https://github.com/msgpack/msgpack/blob/master/spec.md#formats.
func packedHead(body []byte) (length, values int, err error) {
	if len(body) == 0 {
		return 0, 0, errCutOff
	}
	size := 0   // of the number after the first byte
	number := 0 // that stands there, or in the first byte
	kind := body[0]
	switch {
	case kind <= 0x7f, kind >= 0xe0, kind == 0xc0, kind == 0xc2, kind == 0xc3: // small numbers, nil, false, true
		return 1, -1, nil
	case kind <= 0x8f:
		return 1, 2 * int(kind&0x0f), nil
	case kind <= 0x9f:
		return 1, int(kind & 0x0f), nil
	case kind <= 0xbf:
		number = int(kind & 0x1f)
	case kind == 0xc4, kind == 0xc7, kind == 0xd9:
		size = 1
	case kind == 0xc5, kind == 0xc8, kind == 0xda, kind == 0xdc, kind == 0xde:
		size = 2
	case kind == 0xc6, kind == 0xc9, kind >= 0xdb: // to 0xdf
		size = 4
	case kind == 0xca:
		number = 4
	case kind == 0xcb:
		number = 8
	case kind >= 0xcc && kind <= 0xcf:
		number = 1 << (kind - 0xcc)
	case kind >= 0xd0 && kind <= 0xd3:
		number = 1 << (kind - 0xd0)
	case kind >= 0xd4 && kind <= 0xd8:
		number = 1 + 1<<(kind-0xd4)
	default: // 0xc1
		return 0, 0, fmt.Errorf("%#x does not start a value", kind)
	}
	if len(body) < 1+size {
		return 0, 0, errCutOff
	}
	switch size {
	case 1:
		number = int(body[1])
	case 2:
		number = int(binary.BigEndian.Uint16(body[1:]))
	case 4:
		number = int(min(binary.BigEndian.Uint32(body[1:]), 1<<30)) // more than any body has
	}
	switch {
	case kind >= 0xde:
		return 1 + size, 2 * number, nil
	case kind >= 0xdc:
		return 1 + size, number, nil
	case kind >= 0xc7 && kind <= 0xc9: // with a byte for their type
		number++
	}
	if len(body)-1-size < number {
		return 0, 0, errCutOff
	}
	return 1 + size + number, -1, nil
}
