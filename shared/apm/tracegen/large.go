package tracegen

import (
	"fmt"
	"time"

	"thinker/shared/apm"
)

// LargeID is the ID of the trace that Large returns.
const LargeID uint64 = 0xfeed_0000_0000_0001

// Large returns one trace with so many spans that ended at end: four workers process
// batches of items, with ten queries for each item, and one call is nested 200 deep.
func Large(spans int, end time.Time) []apm.Span {
	const (
		ms            = time.Millisecond
		workers       = 4
		items         = 9  // of a batch
		queries       = 10 // of an item
		perBatch      = 1 + items*(1+queries)
		queryTakes    = 2 * ms
		itemTakes     = queries*queryTakes + 5*ms
		batchTakes    = items*itemTakes + 10*ms
		depth         = 200
		delay         = 3 * ms // before the first child
		insertProduct = "INSERT INTO product (id, name, price) VALUES (?, ?, ?)"
	)
	batches := (spans + perBatch - 1) / perBatch
	duration := time.Duration((batches+workers-1)/workers)*batchTakes + 20*ms
	start := end.Add(-duration).UnixNano()
	made := make([]apm.Span, 0, spans)
	add := func(parent uint64, service, name, resource, kind string, at, takes time.Duration) uint64 {
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

	root := add(0, "importer", "import.run", "products.csv", "custom", 0, duration)
	parent := root
	for d := 0; d < depth && len(made) < spans; d++ {
		at, takes := time.Duration(d)*10*time.Microsecond, 15*ms-time.Duration(d)*20*time.Microsecond
		parent = add(parent, "importer", "parse.element", fmt.Sprintf("element at depth %d", d+1), "", at, takes)
	}
	for b := 0; len(made) < spans; b++ {
		worker := fmt.Sprintf("import-worker-%d", b%workers+1)
		at := 16*ms + time.Duration(b/workers)*batchTakes
		batch := add(root, worker, "batch.import", fmt.Sprintf("batch %d", b+1), "worker", at, batchTakes)
		for i := 0; i < items && len(made) < spans; i++ {
			itemAt := at + delay + time.Duration(i)*itemTakes
			item := add(batch, worker, "item.import", "item", "", itemAt, itemTakes)
			for q := 0; q < queries && len(made) < spans; q++ {
				queryAt := itemAt + time.Duration(q)*queryTakes + delay
				add(item, "catalogue-db", "postgres.query", insertProduct, "sql", queryAt, queryTakes-ms/4)
			}
		}
	}
	return made
}
