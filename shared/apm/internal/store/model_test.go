package store_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/store"
	"thinker/shared/apm/query"
)

// A model is the simplest implementation of what a store promises. It follows the store's
// evictions, and checks that they remove whole traces in the right order.
type model struct {
	lives map[uint64][]apm.Span // of each trace kept: what came in its present life
	order []uint64              // the same traces, the first to arrive first
	born  map[uint64]int        // when each trace's last life began: how many spans had been added
	added int

	evictedTraces, evictedSpans int
}

func newModel() model {
	return model{lives: map[uint64][]apm.Span{}, born: map[uint64]int{}}
}

func (m *model) add(spans []apm.Span) {
	for _, s := range spans {
		if len(m.lives[s.TraceID]) == 0 {
			m.order = append(m.order, s.TraceID)
			m.born[s.TraceID] = m.added
		}
		m.lives[s.TraceID] = append(m.lives[s.TraceID], s)
	}
	m.added += len(spans)
}

// evictOldest removes n traces, in order of arrival.
func (m *model) evictOldest(n int) {
	for _, id := range m.order[:n] {
		m.evictedTraces++
		m.evictedSpans += len(m.lives[id])
		delete(m.lives, id)
	}
	m.order = m.order[n:]
}

// evictTo removes the oldest traces until the ones of a list are left. It reports whether
// that can be done.
func (m *model) evictTo(list []uint64) bool {
	n := len(m.order) - len(list)
	if n < 0 || !slices.Equal(m.order[n:], list) {
		return false
	}
	m.evictOldest(n)
	return true
}

func (m *model) clone() model {
	c := *m
	c.lives, c.born, c.order = maps.Clone(m.lives), maps.Clone(m.born), slices.Clone(m.order)
	return c
}

func (m *model) spans() int {
	n := 0
	for _, spans := range m.lives {
		n += len(spans)
	}
	return n
}

// matching returns the traces with a selected span, newest first.
func (m *model) matching(s query.Selection) (ids []uint64) {
	for _, id := range slices.Backward(m.order) {
		if s.Selects(m.lives[id]) {
			ids = append(ids, id)
		}
	}
	return ids
}

// A history applies random operations to a store and its model.
type history struct {
	*testing.T
	*rand.Rand
	*store.Store
	model  model
	log    []string // what happened
	files  int
	crowd  int  // traces that spans are of
	simple bool // every trace comes at once, and is of one service
}

// FuzzStore_Model runs a history for each seed.
func FuzzStore_Model(f *testing.F) {
	for seed := range uint64(12) {
		f.Add(seed)
	}
	f.Add(uint64(145)) // it has a trace that comes back, and whose first life must not
	f.Fuzz(func(t *testing.T, seed uint64) {
		h := &history{T: t, Rand: rand.New(rand.NewPCG(seed, 7)), model: newModel(),
			log: []string{fmt.Sprint("seed ", seed)}}
		h.crowd = 5 + h.IntN(100)
		h.simple = h.IntN(4) == 0
		config := store.Config{Path: filepath.Join(t.TempDir(), "traces"), MaxSpans: 16 << h.IntN(6)}
		if h.IntN(4) == 0 {
			config.MaxBytes = 3000 << h.IntN(6)
		}
		h.open(config)
		defer func() { h.Store.Close() }()
		for range 50 {
			h.step()
		}
		h.checkTraces(1)
	})
}

func (h *history) open(config store.Config) {
	h.Helper()
	s, err := store.Open(config)
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
	settle(h, h.Store)
	h.follow()
	h.checkTraces(10)
	h.search()
}

// addSome adds a payload. The store may evict its oldest traces before it. Which ones
// shows in the order of the traces: one that was evicted and is in the payload is new.
func (h *history) addSome() {
	spans := h.payload()
	h.log = append(h.log, "add "+brief(spans))
	add(h, h.Store, spans...)
	list := h.settledList()
	for evicted := range len(h.model.order) + 1 {
		next := h.model.clone()
		next.evictOldest(evicted)
		next.add(spans)
		if next.evictTo(list) && next.evictedSpans == h.Retention().EvictedSpans {
			h.model = next
			return
		}
	}
	h.fail("list is %v after %v", list, h.model.order)
}

// settledList returns the traces, the first to arrive first, once nothing is being
// written.
func (h *history) settledList() []uint64 {
	settle(h, h.Store)
	list := h.list(query.Selection{}, 1+h.IntN(50))
	slices.Reverse(list)
	return list
}

func brief(spans []apm.Span) string {
	text := ""
	for _, s := range spans {
		text += fmt.Sprintf(" %d/%d%s", s.TraceID, s.SpanID, s.Service)
	}
	return text
}

// payload returns spans of some traces, one after the other or mixed.
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

// service returns a random service, most often the noisy one.
func (h *history) service() string {
	if h.IntN(10) > 0 {
		return "noisy"
	}
	return [...]string{"quiet", "rare", "shy"}[h.IntN(3)]
}

func (h *history) span(trace, id uint64, service string) apm.Span {
	s := apm.Span{
		TraceID: trace, SpanID: id, ParentID: h.Uint64N(4), Service: service, Name: "work", Type: "web",
		Resource: fmt.Sprint("GET /", h.IntN(20)), Start: 1e9 + h.Int64N(1000), Duration: time.Duration(h.Int64N(1e9)),
		Error: h.IntN(5) == 0,
		Meta:  map[string]string{},
	}
	if h.IntN(2) == 0 {
		s.Meta["http.status_code"] = [...]string{"200", "404", "500", ""}[h.IntN(4)]
	}
	if h.IntN(10) == 0 {
		s.Meta[fmt.Sprint("tag", h.IntN(5))] = "dolly said hello"
	}
	if h.IntN(3) == 0 {
		s.Metrics = map[string]float64{"_dd.top_level": 1, "http.status_code": float64(100 * h.IntN(6)),
			"n": h.NormFloat64()}
	}
	if h.IntN(5) == 0 {
		s.TraceIDHigh = trace << 32
	}
	if h.IntN(10) == 0 {
		s.Links = []apm.Link{{TraceID: h.Uint64(), TraceIDHigh: h.Uint64(), SpanID: h.Uint64()},
			{SpanID: 1, Attributes: map[string]string{"why": "so"}}}
	}
	if h.IntN(10) == 0 {
		s.Events = []apm.Event{{Time: h.Int64(), Name: "event",
			Attributes: map[string]any{"text": "t", "number": h.NormFloat64(), "whole": h.Int64(), "yes": true}},
			{Time: 1}}
	}
	return s
}

func (h *history) reopen() {
	h.log = append(h.log, "reopen")
	settle(h, h.Store)
	h.follow()
	before := h.Retention()
	if err := h.Close(); err != nil {
		h.fail("close: %v", err)
	}
	h.open(h.Config)
	after := h.Retention()
	if after.Bytes = before.Bytes; after != before { // the last segment may have been written meanwhile
		h.fail("reopened: %+v, before %+v", after, before)
	}
}

// crash continues with a copy of the directory as a power cut may leave it: the last record
// may be incomplete.
func (h *history) crash() {
	h.files++
	h.log = append(h.log, "crash")
	settle(h, h.Store)
	h.follow()
	config := h.Config
	config.Path = filepath.Join(h.TempDir(), fmt.Sprint(h.files))
	copyDir(h, h.Path, config.Path, func(name string, content []byte) []byte {
		if strings.HasSuffix(name, ".log") && h.IntN(2) == 0 {
			content = append(content, content[:min(len(content), h.IntN(30))]...)
		}
		return content
	})
	if err := h.Close(); err != nil {
		h.fail("close: %v", err)
	}
	h.open(config)
}

// follow evicts the model's traces that the store has evicted, and checks the order.
func (h *history) follow() {
	h.Helper()
	if list := h.settledList(); !h.model.evictTo(list) {
		h.fail("list is %v, want the last ones of %v", list, h.model.order)
	}
	got := h.Retention()
	if got.Bytes > h.MaxBytes {
		h.fail("%d bytes, of %d at most", got.Bytes, h.MaxBytes)
	}
	got.Bytes, got.EvictedBy = 0, ""
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
}

// list returns all traces with a selected span, page by page.
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

// page lists all traces page by page, while others arrive.
func (h *history) page() {
	settle(h, h.Store)
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
		settle(h, h.Store)
		h.follow()
	}
	times := map[uint64]int{}
	for _, id := range seen {
		if times[id]++; times[id] > 1 {
			h.fail("trace %d is listed twice: %v", id, seen)
		}
	}
	for _, id := range old {
		if times[id] == 0 && h.model.lives[id] != nil && h.model.born[id] < added {
			h.fail("trace %d is missing: %v", id, seen)
		}
	}
}

// checkTraces compares the spans of one in every few traces.
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

func (h *history) search() {
	h.Helper()
	queries := []string{
		"", "", "service:quiet", "-service:noisy", "status:error", "@http.status_code:500", "@http.status_code:>=400",
		"hello", "GET 7",
		"@n:<0 OR resource_name:*1", "trace_id:3", "trace_id:000000030000000000000000000000" + "03",
		"-@http.status_code:*", "duration:>500ms AND (service:noisy OR @tag1:*)", "span_id:2 type:web",
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
