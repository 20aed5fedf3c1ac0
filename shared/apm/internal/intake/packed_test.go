package intake

import (
	"math"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tinylib/msgp/msgp"
)

// Every kind of value is as long as the library that writes it makes it.
func TestPackedValues(t *testing.T) {
	var all []byte
	count := 0
	add := func(b []byte) { all, count = append(all, b...), count+1 }
	for _, n := range []int{0, 1, 15, 16, 31, 32, 255, 256, 65535, 65536} {
		add(msgp.AppendString(nil, strings.Repeat("x", n)))
		add(msgp.AppendBytes(nil, make([]byte, n)))
		array, table := msgp.AppendArrayHeader(nil, uint32(n)), msgp.AppendMapHeader(nil, uint32(n))
		for range n {
			array = msgp.AppendNil(array)
			table = msgp.AppendBool(msgp.AppendString(table, "k"), true)
		}
		add(array)
		add(table)
		extension, err := msgp.AppendExtension(nil, &msgp.RawExtension{Type: 5, Data: make([]byte, n)})
		if err != nil {
			t.Fatal(err)
		}
		add(extension)
	}
	for _, n := range []int{2, 4, 8} { // which have a form of their own
		extension, err := msgp.AppendExtension(nil, &msgp.RawExtension{Type: 5, Data: make([]byte, n)})
		if err != nil {
			t.Fatal(err)
		}
		add(extension)
	}
	for _, n := range []int64{0, 127, 128, math.MaxInt16, math.MaxInt32, math.MaxInt64, -1, -32, -33, math.MinInt16, math.MinInt32, math.MinInt64} {
		add(msgp.AppendInt64(nil, n))
		add(msgp.AppendUint64(nil, uint64(n)))
	}
	add(msgp.AppendFloat32(nil, 1.5))
	add(msgp.AppendFloat64(nil, 1.5))
	add(msgp.AppendTime(nil, time.Unix(1, 0)))

	whole := append(msgp.AppendArrayHeader(nil, uint32(count)), all...)
	if _, err := weighPacked(whole, shape{3, weightValue}); err != nil {
		t.Error(err)
	}
	if _, err := weighPacked(whole[:len(whole)-1], shape{3, weightValue}); err == nil {
		t.Error("cut off, and not noticed")
	}
	if rest, err := msgp.Skip(whole); err != nil || len(rest) > 0 {
		t.Errorf("%d bytes left, %v", len(rest), err)
	}
}

// A payload cannot have more memory made for it than it could fill.
func TestPackedPayloadsAreBounded(t *testing.T) {
	const many = "\xdd\x01\x7d\x78\x3f" // an array of 24,999,999
	const table = "\xdf\x01\x7d\x78\x3f"
	spans := strings.Repeat("\x91\x80", 250_000) // a chunk with an empty span, each
	for name, c := range map[string]struct{ path, body, says string }{
		"v0.4, chunks":        {"/v0.4/traces", many, "announces"},
		"v0.4, empty spans":   {"/v0.4/traces", "\xdd\x00\x03\xd0\x90" + spans, "bytes of memory to decode it: 360000320, limit 167772160"},
		"v0.5, strings":       {"/v0.5/traces", "\x92" + many, "announces 24999999 values in 0 bytes"},
		"v0.5, chunks":        {"/v0.5/traces", "\x92\x90" + many, "announces"},
		"v0.5, spans":         {"/v0.5/traces", "\x92\x90\x91" + many, "announces"},
		"v0.7, tags":          {"/v0.7/traces", "\x81\xa4tags" + table, "announces 49999998 values"},
		"v1.0, chunks":        {"/v1.0/traces", "\x81\x0b" + many, "announces"},
		"v1.0, attributes":    {"/v1.0/traces", "\x81\x0a" + many, "announces"},
		"v1.0, deep":          {"/v1.0/traces", "\x81\x0a" + strings.Repeat("\x91", 1<<20) + "\xc0", "more than 99 deep"},
		"v1.0, endless":       {"/v1.0/traces", "\xdf\xff\xff\xff\xff", "announces"},
		"v0.7, no such value": {"/v0.7/traces", "\x81\xa4tags\xc1", "0xc1 does not start a value"},
		"v0.4, a cut text":    {"/v0.4/traces", "\x91\x91\x81\xdb\xff\xff\xff\xffab", "truncated"},
	} {
		in, _ := newTest()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		w := send(in, http.MethodPost, c.path, []byte(c.body), "Content-Type", "application/msgpack")
		runtime.ReadMemStats(&after)
		status := http.StatusBadRequest
		if strings.Contains(c.says, ", limit ") {
			status = http.StatusRequestEntityTooLarge
		}
		if w.Code != status || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s: %d %s, want …%s", name, w.Code, w.Body, c.says)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 16<<20 {
			t.Errorf("%s: %d MiB for %d bytes", name, took>>20, len(c.body))
		}
	}
}
