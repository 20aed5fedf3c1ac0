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

// find looks a trace up by an ID as a person wrote it. Of a trace that is too large
// it returns as much as fits in memory, beside as many other traces of the same
// request as of makes it.
func (w *Web) find(ctx context.Context, text string, of int) (trace apm.Trace, found bool, err error) {
	ids, err := wantTraceIDs(text)
	if err != nil {
		return apm.Trace{}, false, err
	}
	for _, id := range ids {
		trace, found, err = w.Traces.TraceWithin(ctx, id, smallTrace)
		if err == nil && trace.Truncated > 0 {
			trace = apm.Trace{} // its memory is needed
			if err = w.takeLargeTrace(ctx); err == nil {
				trace, found, err = w.Traces.TraceWithin(ctx, id, largeTrace/of)
			}
		}
		if err != nil {
			return apm.Trace{}, false, fmt.Errorf("read trace %d: %w", id, err)
		}
		if found {
			return trace, true, nil
		}
	}
	return apm.Trace{ID: ids[0]}, false, nil
}

// wantTraceIDs is traceIDs, with an error for what is none.
func wantTraceIDs(text string) ([]uint64, error) {
	ids := traceIDs(text)
	if len(ids) == 0 {
		return nil, failure{http.StatusBadRequest, fmt.Sprintf("%.40q is not a trace ID: it is a decimal or hexadecimal number of 64 or 128 bits.", text)}
	}
	return ids, nil
}

// decimal writes an ID the way the API and the pages do.
func decimal(id uint64) string { return strconv.FormatUint(id, 10) }
