package garble

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// worker is the scratch space of one goroutine.
type worker struct {
	hash  *hasher
	wires []block
}

// forCells calls work for each of n cells of a batch, on all processors. Each
// goroutine has a worker of its own; it returns when all cells are done.
func (l *layout) forCells(bound [32]byte, n int, work func(w *worker, i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			w := &worker{hash: newHasher(bound), wires: make([]block, l.circuit.wires())}
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				work(w, int(i))
			}
		})
	}
	wg.Wait()
}
