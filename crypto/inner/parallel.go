package inner

import (
	"context"
	"sync"
	"sync/atomic"
)

// parallel calls do(0) … do(count−1) from at most workers goroutines and
// returns when all have ended: the first error, or the context's. It starts no
// further call after an error or cancellation.
func parallel(ctx context.Context, count, workers int, do func(i int) error) error {
	var (
		next  atomic.Int64
		wait  sync.WaitGroup
		once  sync.Once
		first error
		stop  atomic.Bool
	)
	fail := func(err error) { once.Do(func() { first = err }); stop.Store(true) }
	for range min(workers, count) {
		wait.Go(func() {
			for !stop.Load() {
				i := int(next.Add(1)) - 1
				if i >= count {
					return
				}
				if err := ctx.Err(); err != nil {
					fail(err)
				} else if err := do(i); err != nil {
					fail(err)
				}
			}
		})
	}
	wait.Wait()
	return first
}
