package store

import (
	"container/list"
	"sync"

	"github.com/bits-and-blooms/bitset"

	"thinker/shared/apm/internal/segment"
	"thinker/shared/apm/query"
)

// A cache holds the most recently used columns, directories and search results, within a
// number of bytes.
// See decisions/column-cache.md.
type cache struct {
	max int

	mu     sync.Mutex
	bytes  int
	recent list.List // of *cached, the most recently used first
	known  map[cacheKey]*list.Element
}

type cacheKey struct {
	seq    int64
	kind   cacheKind
	column query.Column
	query  string
}

type cacheKind uint8

const (
	cachedColumn cacheKind = iota
	cachedDirectory
	cachedAnswer
)

type cached struct {
	cacheKey
	value any
	bytes int
}

func newCache(bytes int) *cache { return &cache{max: bytes, known: map[cacheKey]*list.Element{}} }

func (c *cache) column(seq int64, name query.Column) (*segment.Column, bool) {
	return cachedAs[*segment.Column](c, cacheKey{seq: seq, kind: cachedColumn, column: name})
}

// putColumn caches a column; nil if the segment has none with the name.
func (c *cache) putColumn(seq int64, name query.Column, column *segment.Column) {
	bytes := 0
	if column != nil {
		bytes = column.Size()
	}
	c.put(cacheKey{seq: seq, kind: cachedColumn, column: name}, column, bytes)
}

func (c *cache) directory(seq int64) (*segment.Directory, bool) {
	return cachedAs[*segment.Directory](c, cacheKey{seq: seq, kind: cachedDirectory})
}

func (c *cache) putDirectory(seq int64, d *segment.Directory) {
	c.put(cacheKey{seq: seq, kind: cachedDirectory}, d, d.Size())
}

func (c *cache) answer(seq int64, query string) (*bitset.BitSet, bool) {
	return cachedAs[*bitset.BitSet](c, cacheKey{seq: seq, kind: cachedAnswer, query: query})
}

func (c *cache) putAnswer(seq int64, query string, rows *bitset.BitSet) {
	c.put(cacheKey{seq: seq, kind: cachedAnswer, query: query}, rows, 8*len(rows.Words()))
}

func cachedAs[T any](c *cache, k cacheKey) (value T, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, ok := c.known[k]
	if ok {
		c.recent.MoveToFront(element)
		value = element.Value.(*cached).value.(T)
	}
	return value, ok
}

func (c *cache) put(k cacheKey, value any, bytes int) {
	const entry = 200 // bytes
	bytes += entry + len(k.column.Name) + len(k.query)
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.known[k]; ok || bytes > c.max/4 {
		return
	}
	c.known[k] = c.recent.PushFront(&cached{k, value, bytes})
	for c.bytes += bytes; c.bytes > c.max; {
		oldest := c.recent.Remove(c.recent.Back()).(*cached)
		delete(c.known, oldest.cacheKey)
		c.bytes -= oldest.bytes
	}
}
