package store

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/query"
)

// A model is what a store promises, in the plainest way. Which traces had to
// go it is told; that they went whole and by the rules it checks.
type model struct {
	lives map[uint64][]apm.Span // of each trace kept: what came in its present life
	order []uint64              // the same traces, the first to arrive first
	born  map[uint64]int        // when each trace's last life began: how many spans had been added
	added int
	came  map[string]int // spans of each service, ever

	evictedTraces, evictedSpans int
}

func newModel() model {
	return model{lives: map[uint64][]apm.Span{}, born: map[uint64]int{}, came: map[string]int{}}
}

func (m *model) add(spans []apm.Span) {
	for _, s := range spans {
		if len(m.lives[s.TraceID]) == 0 {
			m.order = append(m.order, s.TraceID)
			m.born[s.TraceID] = m.added
		}
		m.lives[s.TraceID] = append(m.lives[s.TraceID], s)
	}
	for _, s := range spans {
		m.came[s.Service]++
	}
	m.added += len(spans)
}

// evict lets go of all traces but those.
func (m *model) evict(kept map[uint64]bool) {
	m.order = slices.DeleteFunc(m.order, func(id uint64) bool {
		if !kept[id] {
			m.evictedTraces++
			m.evictedSpans += len(m.lives[id])
			delete(m.lives, id)
		}
		return !kept[id]
	})
}

func (m *model) spans() int {
	n := 0
	for _, spans := range m.lives {
		n += len(spans)
	}
	return n
}

// matching are the traces with a span that is looked for, the newest first.
func (m *model) matching(s query.Selection) (ids []uint64) {
	for _, id := range slices.Backward(m.order) {
		if s.Selects(m.lives[id]) {
			ids = append(ids, id)
		}
	}
	return ids
}

// A history is things that happen to a store and its model.
type history struct {
	*testing.T
	*rand.Rand
	*Store
	model  model
	log    []string // what happened
	files  int
	crowd  int  // traces that spans are of
	tight  bool // bounded by bytes as well
	simple bool // every trace comes at once, and is of one service
}

// FuzzAStoreKeepsItsPromises has a history for each seed: as a test some, and
// as many as there is time for when it is told to go on.
func FuzzAStoreKeepsItsPromises(f *testing.F) {
	for seed := range uint64(12) {
		f.Add(seed)
	}
	f.Add(uint64(145)) // it has a trace that comes back, and whose first life must not
	f.Fuzz(func(t *testing.T, seed uint64) {
		h := &history{T: t, Rand: rand.New(rand.NewPCG(seed, 7)), model: newModel(), log: []string{fmt.Sprint("seed ", seed)}}
		h.crowd = 5 + h.IntN(100)
		h.simple = h.IntN(4) == 0
		config := Config{Path: filepath.Join(t.TempDir(), "t.db"), MaxSpans: 16 << h.IntN(6)}
		if h.IntN(4) == 0 {
			config.MaxBytes, h.tight = 500<<h.IntN(7), true
		}
		h.open(config)
		defer func() { h.Store.Close() }()
		for range 50 {
			h.step()
		}
		h.checkTraces(1)
	})
}

func (h *history) open(config Config) {
	h.Helper()
	s, err := Open(config)
	if err != nil {
		h.fail("open: %v", err)
	}
	h.Store = s
}

func (h *history) fail(format string, arguments ...any) {
	h.Helper()
	for _, what := range h.log {
		h.Log(what)
	}
	h.Fatalf(format, arguments...)
}

func (h *history) step() {
	switch n := h.IntN(100); {
	case n < 80:
		h.addSome()
	case n < 87:
		h.crash()
	case n < 94:
		h.reopen()
	case n < 95:
		h.log = append(h.log, "clear")
		if err := h.Clear(h.Context()); err != nil {
			h.fail("clear: %v", err)
		}
		h.model = newModel()
	default:
		h.page()
	}
	settled(h, h.Store)
	h.follow()
	h.checkTraces(10)
	h.search()
}

// addSome adds a payload. What must go for it goes first, so that it is plain
// which of its spans begin a new life.
func (h *history) addSome() {
	spans := h.payload()
	h.log = append(h.log, "add "+brief(spans))
	settled(h, h.Store)
	if err := h.do(func() error { h.makeRoom(min(len(spans), h.rows)); return nil }); err != nil {
		h.fail("make room: %v", err)
	}
	h.follow()
	add(h, h.Store, spans...)
	h.model.add(spans)
}

func brief(spans []apm.Span) string {
	text := ""
	for _, s := range spans {
		text += fmt.Sprintf(" %d/%d%s", s.TraceID, s.SpanID, s.Service)
	}
	return text
}

// payload is spans of some traces, one after the other or mixed.
func (h *history) payload() (spans []apm.Span) {
	for range 1 + h.IntN(4) {
		trace := 1 + h.Uint64N(uint64(h.crowd))
		service := h.service()
		if h.simple {
			trace = uint64(h.model.added) + uint64(len(spans)) + 1
		}
		for range 1 + h.IntN(4) {
			spans = append(spans, h.span(trace, 1+h.Uint64N(8), service))
			if !h.simple {
				service = h.service()
			}
		}
	}
	if h.IntN(2) == 0 && !h.simple {
		h.Shuffle(len(spans), func(i, j int) { spans[i], spans[j] = spans[j], spans[i] })
	}
	return spans
}

// service is most often the noisy one.
func (h *history) service() string {
	if h.IntN(10) > 0 {
		return "noisy"
	}
	return [...]string{"quiet", "rare", "shy"}[h.IntN(3)]
}

func (h *history) span(trace, id uint64, service string) apm.Span {
	s := apm.Span{
		TraceID: trace, SpanID: id, ParentID: h.Uint64N(4), Service: service, Name: "work", Type: "web",
		Resource: fmt.Sprint("GET /", h.IntN(20)), Start: 1e9 + h.Int64N(1000), Duration: time.Duration(h.Int64N(1e9)), Error: h.IntN(5) == 0,
		Meta: map[string]string{},
	}
	if h.IntN(2) == 0 {
		s.Meta["http.status_code"] = [...]string{"200", "404", "500", ""}[h.IntN(4)]
	}
	if h.IntN(10) == 0 {
		s.Meta[fmt.Sprint("tag", h.IntN(5))] = "dolly said hello"
	}
	if h.IntN(3) == 0 {
		s.Metrics = map[string]float64{"_dd.top_level": 1, "http.status_code": float64(100 * h.IntN(6)), "n": h.NormFloat64()}
	}
	if h.IntN(5) == 0 {
		s.TraceIDHigh = trace << 32
	}
	if h.IntN(10) == 0 {
		s.Links = []apm.Link{{TraceID: h.Uint64(), TraceIDHigh: h.Uint64(), SpanID: h.Uint64()}, {SpanID: 1, Attributes: map[string]string{"why": "so"}}}
	}
	if h.IntN(10) == 0 {
		s.Events = []apm.Event{{Time: h.Int64(), Name: "event", Attributes: map[string]any{"text": "t", "number": h.NormFloat64(), "whole": h.Int64(), "yes": true}}, {Time: 1}}
	}
	return s
}

func (h *history) reopen() {
	h.log = append(h.log, "reopen")
	settled(h, h.Store)
	h.follow()
	before := h.Retention()
	if err := h.Close(); err != nil {
		h.fail("close: %v", err)
	}
	h.open(h.Config)
	if after := h.Retention(); after != before {
		h.fail("reopened: %+v, before %+v", after, before)
	}
}

// crash goes on with a copy of the file that was made while the store was open,
// with some segments packed, in any order, and others not.
func (h *history) crash() {
	h.files++
	path := filepath.Join(h.TempDir(), fmt.Sprint("t", h.files, ".db"))
	h.addSome()
	h.log = append(h.log, "crash")
	err := h.do(func() error {
		var waiting []packed
		for ; h.packing > 0; h.packing-- {
			waiting = append(waiting, <-h.packs)
		}
		h.Shuffle(len(waiting), func(i, j int) { waiting[i], waiting[j] = waiting[j], waiting[i] })
		some := h.IntN(len(waiting) + 1)
		for i, p := range waiting {
			if i == some {
				copyFile(h, h.Path, path)
			}
			h.seal(p)
		}
		if some == len(waiting) {
			copyFile(h, h.Path, path)
		}
		return nil
	})
	if err != nil {
		h.fail("crash: %v", err)
	}
	if err := h.Close(); err != nil {
		h.fail("close: %v", err)
	}
	config := h.Config
	config.Path = path
	h.open(config)
}

// copyFile is called while nothing is written: the write-ahead log may be
// copied to the file, but does not begin anew.
func copyFile(t testing.TB, from, to string) {
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(from + suffix)
		if err == nil {
			err = os.WriteFile(to+suffix, content, 0o600)
		}
		if err != nil {
			t.Error(err)
		}
	}
}

// follow looks which traces are left, and whether that is by the rules.
func (h *history) follow() {
	h.Helper()
	list := h.list(query.Selection{}, 1+h.IntN(50))
	kept := map[uint64]bool{}
	for _, id := range list {
		kept[id] = true
	}
	before := slices.Clone(h.model.order)
	h.model.evict(kept)
	if want := h.model.matching(query.Selection{}); !slices.Equal(list, want) {
		h.fail("list is %v, want %v", list, want)
	}
	got := h.Retention()
	if got.Bytes > h.MaxBytes {
		h.fail("%d bytes, of %d at most", got.Bytes, h.MaxBytes)
	}
	got.Bytes = 0
	want := stats.Retention{
		Traces: len(h.model.order), Spans: h.model.spans(), MaxSpans: h.MaxSpans, MaxBytes: h.MaxBytes, Durable: true,
		EvictedTraces: h.model.evictedTraces, EvictedSpans: h.model.evictedSpans,
	}
	for _, spans := range h.model.lives {
		for _, s := range spans {
			if want.Oldest == 0 || s.Start < want.Oldest {
				want.Oldest = s.Start
			}
			if want.Newest == 0 || s.Start > want.Newest {
				want.Newest = s.Start
			}
		}
	}
	if got != want {
		h.fail("retention is %+v, want %+v", got, want)
	}
	if got.Spans > h.MaxSpans {
		h.fail("%d spans, of %d at most", got.Spans, h.MaxSpans)
	}
	if got.Spans+got.EvictedSpans != h.model.added {
		h.fail("%d kept and %d evicted, of %d", got.Spans, got.EvictedSpans, h.model.added)
	}
	h.checkOrder(before, kept)
	h.checkFloors()
}

// checkOrder finds nothing older than what had to go but what floors spare.
func (h *history) checkOrder(before []uint64, kept map[uint64]bool) {
	h.Helper()
	last := -1
	for i, id := range before {
		if !kept[id] {
			last = i
		}
	}
	for _, id := range before[:last+1] {
		if !kept[id] {
			continue
		}
		for _, g := range h.snapshot() {
			if g.place == int64(h.births[id]) && !h.needed(g) {
				h.fail("trace %d is older than %d, which had to go", id, before[last])
			}
		}
	}
}

// needed tells whether a service would have less than its floor without the
// segment.
func (h *history) needed(g *segment) bool {
	h.Helper()
	services, err := h.column(g, key{field, service})
	if err != nil {
		h.fail("services: %v", err)
	}
	counts := map[string]int{}
	for i, code := range services.codes {
		if !g.dead.has(int(services.rows[i])) {
			counts[services.values[code]]++
		}
	}
	for service, n := range counts {
		if h.services[service]-n < h.floor() {
			return true
		}
	}
	return false
}

// checkFloors holds where no trace is in two segments but those that came in
// the moment when one was full.
func (h *history) checkFloors() {
	h.Helper()
	if !h.simple || h.tight {
		return
	}
	const cut = 3 // spans of such a trace in its second segment
	kept := map[string]int{}
	for _, spans := range h.model.lives {
		kept[spans[0].Service] += len(spans)
	}
	for service, n := range kept {
		if n < h.floor()-cut && h.model.evictedSpans > 0 && n < h.model.came[service] {
			h.fail("%d spans of %s, the floor is %d", n, service, h.floor())
		}
	}
}

// list is all traces that have a span that is looked for, a page at a time.
func (h *history) list(s query.Selection, page int) (ids []uint64) {
	h.Helper()
	r := query.Request{Selection: s, Limit: page}
	for {
		summaries, next, err := h.Search(h.Context(), r)
		if err != nil {
			h.fail("search: %v", err)
		}
		for _, summary := range summaries {
			ids = append(ids, summary.TraceID)
		}
		if next == 0 {
			return ids
		}
		if len(summaries) != page {
			h.fail("a page of %d has %d traces, and is not the last", page, len(summaries))
		}
		r.Before = next
	}
}

// page goes through the list while traces arrive.
func (h *history) page() {
	settled(h, h.Store)
	h.follow()
	old, added := slices.Clone(h.model.order), h.model.added
	var seen []uint64
	var before uint64
	for {
		summaries, next, err := h.Recent(1+h.IntN(5), before)
		if err != nil {
			h.fail("recent: %v", err)
		}
		for _, summary := range summaries {
			seen = append(seen, summary.TraceID)
		}
		if next == 0 {
			break
		}
		before = next
		h.addSome()
		settled(h, h.Store)
		h.follow()
	}
	times := map[uint64]int{}
	for _, id := range seen {
		if times[id]++; times[id] > 1 {
			h.fail("trace %d is there twice: %v", id, seen)
		}
	}
	for _, id := range old {
		if times[id] == 0 && h.model.lives[id] != nil && h.model.born[id] < added {
			h.fail("trace %d is missing: %v", id, seen)
		}
	}
}

// checkTraces finds every span of one of so many traces, and no other.
func (h *history) checkTraces(of int) {
	h.Helper()
	for _, id := range h.model.order {
		spans := h.model.lives[id]
		if h.IntN(of) > 0 {
			continue
		}
		got, found := traceOf(h, h.Store, id)
		if want := apm.NewTrace(id, spans); !found || !reflect.DeepEqual(got, want) {
			h.fail("trace %d is %v, want %v", id, got, want)
		}
	}
	for id := range uint64(h.crowd) {
		if h.IntN(of) > 0 {
			continue
		}
		if _, found := traceOf(h, h.Store, id+1); found != (len(h.model.lives[id+1]) > 0) {
			h.fail("trace %d found: %t", id+1, found)
		}
	}
}

// search looks for something.
func (h *history) search() {
	h.Helper()
	queries := []string{
		"", "", "service:quiet", "-service:noisy", "status:error", "@http.status_code:500", "@http.status_code:>=400", "hello", "GET 7",
		"@n:<0 OR resource_name:*1", "trace_id:3", "trace_id:000000030000000000000000000000" + "03", "-@http.status_code:*", "duration:>500ms AND (service:noisy OR @tag1:*)", "span_id:2 type:web",
		"00000003", "-000000030000000000000000000000" + "03",
	}
	q := queries[h.IntN(len(queries))]
	s := selection(h, q)
	s.Scope = query.Scopes()[h.IntN(3)]
	if h.IntN(2) == 0 {
		s.From = 1e9 + h.Int64N(1000)
	}
	if h.IntN(2) == 0 {
		s.To = 1e9 + h.Int64N(1000)
	}
	if got, want := h.list(s, 1+h.IntN(20)), h.model.matching(s); !slices.Equal(got, want) {
		h.fail("%q in %s from %d to %d: %v, want %v", q, s.Scope, s.From, s.To, got, want)
	}
}
