package store

import (
	"context"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// jobs bounds how many segments are read at the same time, by all requests
// together: each may take a few times the size of its largest column.
type jobs chan struct{}

func newJobs() jobs {
	const most = 4
	return make(jobs, min(most, runtime.GOMAXPROCS(0)))
}

// run waits for its turn and calls do, which must not wait for another turn.
func (j jobs) run(ctx context.Context, do func() error) error {
	select {
	case j <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-j }()
	return do()
}

// parallel calls do for each number below n, as many at a time as there are
// turns, and returns the first error.
func (j jobs) parallel(ctx context.Context, n int, do func(i int) error) error {
	working, ctx := errgroup.WithContext(ctx)
	working.SetLimit(cap(j))
	for i := range n {
		working.Go(func() error { return j.run(ctx, func() error { return do(i) }) })
	}
	return working.Wait()
}
