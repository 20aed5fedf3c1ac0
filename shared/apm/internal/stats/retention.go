package stats

// Retention is what a store keeps, and what it had to let go.
type Retention struct {
	Traces, Spans               int    // kept now
	MaxSpans                    int    // the bound
	Durable                     bool   // kept over restarts
	Bytes, MaxBytes             int    // of the file's segments
	Oldest, Newest              int64  // start of the earliest and of the latest span kept, in nanoseconds since the Unix epoch; 0 for none
	EvictedTraces, EvictedSpans int    // made room for newer ones, since the store was made
	EvictedBy                   string // the service that had most of the newest spans when traces were evicted last; empty for none
	DamagedSpans                int    // could not be read any more, and were set aside
	FileGone                    bool   // somebody has removed the file: what is kept ends with the store
}
