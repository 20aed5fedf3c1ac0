package main

import (
	"cmp"
	"context"
	"slices"
	"time"

	"thinker/shared/apm"
	"thinker/shared/workshop/client"
)

// showTraces prints each trace once it has settled, and again if more of it arrives
// later. When stopping is closed, it prints the traces still waiting and returns.
// See decisions/a-trace-is-never-complete.md.
func (s *screen) showTraces(changes <-chan []uint64, stopping <-chan struct{}) {
	agent := s.workshop.Agent()
	quietSince := map[uint64]time.Time{}
	show := func(quiet time.Duration) {
		var settled []apm.Trace
		for id, since := range quietSince {
			if time.Since(since) < quiet {
				continue
			}
			delete(quietSince, id)
			if trace, ok, _ := agent.Store().Trace(context.Background(), id); ok {
				settled = append(settled, trace)
			}
		}
		slices.SortFunc(settled, func(a, b apm.Trace) int { return cmp.Compare(a.Start(), b.Start()) })
		for _, trace := range settled {
			s.out.Trace(trace, s.client.Page(trace.ID), agent.Palette())
		}
	}
	var last <-chan time.Time
	tick := time.NewTicker(client.Settling / 8)
	defer tick.Stop()
	for {
		select {
		case ids := <-changes:
			for _, id := range ids {
				quietSince[id] = time.Now()
			}
		case <-tick.C:
			show(client.Settling)
		case <-stopping:
			stopping = nil
			last = time.After(client.Settling / 4) // for notices still under way
		case <-last:
			show(0)
			return
		}
	}
}
