package compare_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/internal/compare"
)

// grown returns a trace of a tree in lines, each a span's service, operation and resource,
// indented by one tab more than its parent's.
func grown(text string) apm.Trace {
	var spans []apm.Span
	var path []uint64 // IDs of the spans above
	for i, line := range strings.Split(strings.Trim(text, "\n"), "\n") {
		level := len(line) - len(strings.TrimLeft(line, "\t"))
		words := append(strings.Split(strings.TrimSpace(line), " · "), "", "")
		id := uint64(i + 1)
		path = append(path[:level], id)
		s := apm.Span{TraceID: 1, SpanID: id, Service: words[0], Name: words[1], Resource: words[2],
			Start: int64(i), Duration: time.Duration(1000 - i)}
		if level > 0 {
			s.ParentID = path[level-1]
		}
		spans = append(spans, s)
	}
	return apm.NewTrace(1, spans)
}

// marked draws places as a tree: = for counterparts, - for A's alone, + for B's.
func marked(places []compare.Place) string {
	var text strings.Builder
	for i := range places {
		p := &places[i]
		mark := "="
		switch {
		case p.OnlyB():
			mark = "+"
		case p.OnlyA():
			mark = "-"
		}
		words := strings.TrimRight(strings.Join([]string{p.Span().Service, p.Span().Name, p.Span().Resource}, " · "), " ·")
		if p.OtherResource() {
			words += " (" + p.Sides[0].Span.Resource + ")"
		}
		fmt.Fprintf(&text, "\n%s%s %s", strings.Repeat("\t", p.Level), mark, words)
	}
	return text.String()
}

const step02 = `
thinker-api · http.request · GET /think/
	thinker-microservice · http.request · GET /
		thinker-microservice · think · think
`

const step03 = `
thinker-api · http.request · GET /think/
	thinker-api · http.request · http.request
		thinker-microservice · http.request · GET /
			thinker-microservice · think · think
`

const step04 = step03 + `				sqlite.db · sqlite.query · SELECT`

const step05Hit = step03 + `				thinker-microservice · redis.command · get`

const step05Miss = step05Hit + `
				sqlite.db · sqlite.query · SELECT
				thinker-microservice · redis.command · set`

func TestAlign(t *testing.T) {
	for name, c := range map[string]struct{ a, b, want string }{
		"a query is added": {step03, step04, `
= thinker-api · http.request · GET /think/
	= thinker-api · http.request · http.request
		= thinker-microservice · http.request · GET /
			= thinker-microservice · think · think
				+ sqlite.db · sqlite.query · SELECT`},
		"the cache knows it": {step05Miss, step05Hit, `
= thinker-api · http.request · GET /think/
	= thinker-api · http.request · http.request
		= thinker-microservice · http.request · GET /
			= thinker-microservice · think · think
				= thinker-microservice · redis.command · get
				- sqlite.db · sqlite.query · SELECT
				- thinker-microservice · redis.command · set`},
		"the client is traced as well": {step02, step03, `
= thinker-api · http.request · GET /think/
	+ thinker-api · http.request · http.request
		= thinker-microservice · http.request · GET /
			= thinker-microservice · think · think`},
		"a span is inserted before siblings": {"r\n\tx\n\ty\n\tz", "r\n\tx\n\tw\n\t\ty\n\t\tz",
			"\n= r\n\t= x\n\t+ w\n\t\t= y\n\t\t= z"},
		"either may be inserted":      {"r\n\tx\n\t\ty", "r\n\ty\n\t\tx", "\n= r\n\t- x\n\t\t- y\n\t+ y\n\t\t+ x"},
		"fewer of the same":           {"r\n\tq\n\tq\n\tq", "r\n\tq", "\n= r\n\t= q\n\t- q\n\t- q"},
		"what is in order goes first": {"r\n\tq\n\tc\n\tq", "r\n\tc\n\tq", "\n= r\n\t- q\n\t= c\n\t= q"},
		"then the rest":               {"r\n\tx\n\ty", "r\n\ty\n\tx", "\n= r\n\t= x\n\t= y"},
		"another resource": {"r\n\tdb · q · one\n\tx", "r\n\tdb · q · two\n\tx",
			"\n= r\n\t= db · q · two (one)\n\t= x"},
		"other resources": {"r\n\tdb · q · 1\n\tdb · q · 2", "r\n\tdb · q · 3",
			"\n= r\n\t- db · q · 1\n\t- db · q · 2\n\t+ db · q · 3"},
		"nothing in common": {"x", "y", "\n- x\n+ y"},
	} {
		if got := marked(compare.Align(grown(c.a), grown(c.b))); got != c.want {
			t.Errorf("%s: %s\nwant %s", name, got, c.want)
		}
	}
	if got := compare.Align(apm.Trace{}, apm.Trace{}); len(got) != 0 {
		t.Errorf("no spans: %v", got)
	}
}

// anyTrace is a tree of few kinds, in which some parents are missing and some
// spans are in circles.
func anyTrace(random *rand.Rand) apm.Trace {
	spans := make([]apm.Span, random.IntN(60))
	for i := range spans {
		id := uint64(i + 1)
		spans[i] = apm.Span{TraceID: 1, SpanID: id, ParentID: uint64(random.IntN(i + 1)),
			Service:  string(rune('a' + random.IntN(2))),
			Name:     string(rune('k' + random.IntN(2))),
			Resource: string(rune('x' + random.IntN(2))),
			Start:    random.Int64N(100), Duration: time.Duration(random.Int64N(100))}
		if random.IntN(20) == 0 {
			spans[i].ParentID = uint64(random.IntN(80))
		}
	}
	return apm.NewTrace(1, spans)
}

// pairs returns the IDs of counterparts, sorted.
func pairs(places []compare.Place, swapped bool) []string {
	var all []string
	for i := range places {
		ids := [2]uint64{}
		for side, there := range places[i].Sides {
			if there.Node != nil {
				ids[side] = there.Span.SpanID
			}
		}
		if swapped {
			slices.Reverse(ids[:])
		}
		all = append(all, fmt.Sprint(ids))
	}
	slices.Sort(all)
	return all
}

func TestAlignOfAnyTraces(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 1000 {
		a, b := anyTrace(random), anyTrace(random)
		places := compare.Align(a, b)
		var ofA, ofB []uint64
		for i, p := range places {
			if !p.OnlyB() {
				ofA = append(ofA, p.Sides[0].Span.SpanID)
			}
			if !p.OnlyA() {
				ofB = append(ofB, p.Sides[1].Span.SpanID)
			}
			if p.Parent >= i || p.Parent >= 0 && p.Level != places[p.Parent].Level+1 || p.Parent < 0 && p.Level != 0 {
				t.Fatalf("%d: place %d stands under %d at level %d", n, i, p.Parent, p.Level)
			}
		}
		if !eachOnce(a, ofA) || !eachOnce(b, ofB) {
			t.Fatalf("%d: not every span is in one place: %v of %d, %v of %d", n, ofA, len(a.Spans), ofB, len(b.Spans))
		}
		for _, p := range compare.Align(a, a) {
			if p.OnlyA() || p.OnlyB() || p.Sides[0].Span != p.Sides[1].Span {
				t.Fatalf("%d: a trace differs from itself", n)
			}
		}
		if !slices.Equal(pairs(places, false), pairs(compare.Align(b, a), true)) {
			t.Fatalf("%d: other counterparts when the traces change places", n)
		}
	}
}

func eachOnce(trace apm.Trace, ids []uint64) bool {
	slices.Sort(ids)
	return len(ids) == len(trace.Spans) && len(slices.Compact(ids)) == len(ids)
}

// siblingsOf is a trace of a root and of n spans below it, of which every k-th
// is of another kind.
func siblingsOf(n, k int) apm.Trace {
	spans := []apm.Span{at(1, 0, 0, int64(n)+2)}
	for i := range n {
		s := at(uint64(i+2), 1, int64(i)+1, int64(i)+2)
		if i%k == 0 {
			s.Resource = fmt.Sprint(i / k)
		}
		spans = append(spans, s)
	}
	return apm.NewTrace(1, spans)
}

func TestAlignOfLargeTraces(t *testing.T) {
	for name, c := range map[string]struct {
		a, b apm.Trace
		both int
	}{
		"deep":                  {chain(40_000), chain(30_000), 30_000},
		"wide":                  {siblingsOf(40_000, 3), siblingsOf(30_000, 3), 30_001},
		"wide, of other orders": {siblingsOf(40_000, 3), siblingsOf(39_000, 5), 7_801 + 26_666},
	} {
		both := 0
		for _, p := range compare.Align(c.a, c.b) {
			if !p.OnlyA() && !p.OnlyB() {
				both++
			}
		}
		if both != c.both {
			t.Errorf("%s: %d counterparts, want %d", name, both, c.both)
		}
	}
}

func BenchmarkAlignOfLargeTraces(b *testing.B) {
	x, y := siblingsOf(40_000, 3), siblingsOf(39_000, 5)
	for b.Loop() {
		compare.Align(x, y)
	}
}

// at makes a span of a service that bears the span's ID as its name.
func at(id, parent uint64, start, end int64) apm.Span {
	return apm.Span{TraceID: 1, SpanID: id, ParentID: parent, Service: "service", Start: start,
		Duration: time.Duration(end - start)}
}

// chain is a trace in which each span is the child of the one before.
func chain(n int) apm.Trace {
	spans := make([]apm.Span, n)
	for i := range spans {
		spans[i] = at(uint64(i+1), uint64(i), int64(i), int64(2*n-i))
	}
	return apm.NewTrace(1, spans)
}
