package web

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/big"
	"net/http"
	"strconv"
	"strings"

	"thinker/shared/apm"
)

// traceIDs reads a trace ID as a person may write it: decimal or hexadecimal,
// of 64 or 128 bits. Only the low 64 bits count. Digits may be meant either
// way: then both readings are given, decimal first.
func traceIDs(text string) []uint64 {
	const longest = 39 // decimal digits of 128 bits
	var ids []uint64
	for _, base := range []int{10, 16} {
		digits := text
		if base == 16 {
			digits = strings.TrimPrefix(strings.ToLower(text), "0x")
		}
		if len(digits) == 0 || len(digits) > longest || strings.Trim(digits, "0123456789abcdefABCDEF") != "" {
			continue
		}
		number, ok := new(big.Int).SetString(digits, base)
		if !ok || number.BitLen() > 128 {
			continue
		}
		var bytes [16]byte
		number.FillBytes(bytes[:])
		ids = append(ids, binary.BigEndian.Uint64(bytes[8:]))
	}
	return ids
}

// find looks a trace up by an ID as a person wrote it.
func (w *Web) find(ctx context.Context, text string) (trace apm.Trace, found bool, err error) {
	ids := traceIDs(text)
	if len(ids) == 0 {
		return apm.Trace{}, false, failure{http.StatusBadRequest, fmt.Sprintf("%.40q is not a trace ID: it is a decimal or hexadecimal number of 64 or 128 bits.", text)}
	}
	for _, id := range ids {
		trace, found, err = w.Traces.Trace(ctx, id)
		if err != nil {
			return apm.Trace{}, false, fmt.Errorf("read trace %d: %w", id, err)
		}
		if found {
			return trace, true, nil
		}
	}
	return apm.Trace{ID: ids[0]}, false, nil
}

// decimal writes an ID the way the API and the pages do.
func decimal(id uint64) string { return strconv.FormatUint(id, 10) }
