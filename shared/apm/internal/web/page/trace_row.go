package page

import "thinker/shared/apm"

// A TraceRow is a trace in a list.
type TraceRow struct {
	ID         string
	Date       Moment
	Service    Service
	Resource   string
	Name       string
	Duration   Amount
	StatusCode string
	Failed     bool // the entry span did
	Errors     int
	Spans      int
	Breakdown  Breakdown
}

// NewTraceRow returns the row of a trace.
func NewTraceRow(site *Site, s apm.Summary) TraceRow {
	return TraceRow{
		ID:         FormatID(s.TraceID),
		Date:       MomentOf(s.Start),
		Service:    site.Service(s.Service),
		Resource:   Short(s.Resource),
		Name:       Short(s.Name),
		Duration:   Duration(s.Duration),
		StatusCode: Short(s.StatusCode),
		Failed:     s.Failed,
		Errors:     s.Errors,
		Spans:      s.Spans,
		Breakdown:  site.Breakdown(s.Services),
	}
}
