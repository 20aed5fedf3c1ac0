package store

import (
	"container/list"
	"sync"
)

// A cache keeps the columns that were read last, within a number of bytes.
type cache struct {
	most int

	mu     sync.Mutex
	bytes  int
	recent list.List // of *cached, the one used last in front
	known  map[cacheKey]*list.Element
}

type cacheKey struct {
	segment int64
	key
}

type cached struct {
	cacheKey
	column *column // nil where the segment has none such
	bytes  int
}

func newCache(bytes int) *cache {
	return &cache{most: bytes, known: map[cacheKey]*list.Element{}}
}

func (c *cache) get(k cacheKey) (column *column, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, ok := c.known[k]
	if !ok {
		return nil, false
	}
	c.recent.MoveToFront(element)
	return element.Value.(*cached).column, true
}

func (c *cache) put(k cacheKey, column *column) {
	const itself = 200 // bytes, of an entry
	bytes := itself + len(k.name)
	if column != nil {
		bytes += column.size()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.known[k]; ok || bytes > c.most/4 {
		return
	}
	c.known[k] = c.recent.PushFront(&cached{k, column, bytes})
	for c.bytes += bytes; c.bytes > c.most; {
		oldest := c.recent.Remove(c.recent.Back()).(*cached)
		delete(c.known, oldest.cacheKey)
		c.bytes -= oldest.bytes
	}
}
