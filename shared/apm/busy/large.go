package busy

import (
	"fmt"
	"time"

	"thinker/shared/apm"
)

// LargeID is the ID of the trace that Large makes.
const LargeID uint64 = 0xfeed_0000_0000_0001

// Large is one trace of so many spans, the last of which has just ended at end:
// four workers go through batches of items, with ten queries for each, and one
// call is nested two hundred deep.
func Large(spans int, end time.Time) []apm.Span {
	const (
		workers    = 4
		perItem    = 11            // the item, and its queries
		perBatch   = 1 + 9*perItem // the batch, and its items
		query      = 2 * ms        // the time each takes
		item       = 10*query + 5*ms
		batch      = 9*item + 10*ms
		nested     = 200
		waitBefore = 3 * ms
	)
	batches := (spans + perBatch - 1) / perBatch
	length := time.Duration((batches+workers-1)/workers)*batch + 20*ms
	start := end.Add(-length).UnixNano()
	made := make([]apm.Span, 0, spans)
	add := func(parent uint64, service, name, resource, kind string, at time.Duration, takes time.Duration) uint64 {
		id := uint64(len(made) + 1)
		span := apm.Span{
			TraceID: LargeID, TraceIDHigh: 0x6543_2100_0000_0000, SpanID: id, ParentID: parent,
			Service: service, Name: name, Resource: resource, Type: kind, Start: start + int64(at), Duration: takes,
			Meta: map[string]string{"env": "production", "version": "1.18.2"}, Metrics: map[string]float64{},
		}
		if parent == 0 || made[parent-1].Service != service {
			span.Metrics["_dd.top_level"] = 1
		}
		if id%997 == 0 {
			span.Error = true
			span.Meta["error.message"], span.Meta["error.type"] = "deadlock detected", "pq.Error"
		}
		made = append(made, span)
		return id
	}

	root := add(0, "importer", "import.run", "products.csv", "custom", 0, length)
	parent := root
	for depth := 0; depth < nested && len(made) < spans; depth++ {
		parent = add(parent, "importer", "parse.element", fmt.Sprintf("element at depth %d", depth+1), "", time.Duration(depth)*10*time.Microsecond, 15*ms-time.Duration(depth)*20*time.Microsecond)
	}
	for b := 0; len(made) < spans; b++ {
		worker := fmt.Sprintf("import-worker-%d", b%workers+1)
		at := 16*ms + time.Duration(b/workers)*batch
		within := add(root, worker, "batch.import", fmt.Sprintf("batch %d", b+1), "worker", at, batch)
		for i := 0; i < 9 && len(made) < spans; i++ {
			began := at + waitBefore + time.Duration(i)*item
			each := add(within, worker, "item.import", "item", "", began, item)
			for q := 0; q < 10 && len(made) < spans; q++ {
				add(each, "catalogue-db", "postgres.query", "INSERT INTO product (id, name, price) VALUES (?, ?, ?)", "sql", began+time.Duration(q)*query+waitBefore, query-ms/4)
			}
		}
	}
	return made
}
