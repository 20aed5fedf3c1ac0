package store

import (
	"context"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// jobs limits how many segments all requests together read at the same time, since each
// may take a few times the size of its largest column.
// See decisions/bounded-readers.md.
type jobs chan struct{}

func newJobs() jobs {
	const maxJobs = 4
	return make(jobs, min(maxJobs, runtime.GOMAXPROCS(0)))
}

// run calls do when fewer jobs than the limit are running. do must not call run.
func (j jobs) run(ctx context.Context, do func() error) error {
	select {
	case j <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-j }()
	return do()
}

// parallel calls do for each number below n, several at a time, and returns the first error.
func (j jobs) parallel(ctx context.Context, n int, do func(i int) error) error {
	working, ctx := errgroup.WithContext(ctx)
	working.SetLimit(cap(j))
	for i := range n {
		working.Go(func() error { return j.run(ctx, func() error { return do(i) }) })
	}
	return working.Wait()
}
