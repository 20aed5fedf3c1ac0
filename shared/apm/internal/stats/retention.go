package stats

// Retention reports what a store keeps, has evicted and has lost.
type Retention struct {
	Traces, Spans   int   // stored
	MaxSpans        int   // the limit
	Durable         bool  // whether restarts keep the spans
	Bytes, MaxBytes int   // of the segments' files
	Oldest, Newest  int64 // start of the earliest and the latest span, in ns since the Unix epoch; 0 without

	EvictedTraces, EvictedSpans int    // since the store was created
	EvictedBy                   string // service with most of the newest spans at the last eviction; or ""

	DamagedSpans int  // in files that were unreadable and set aside
	FileGone     bool // whether the directory was removed: closing the store loses its spans
}
