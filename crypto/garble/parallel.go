package garble

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// worker is the scratch space of one goroutine that garbles or evaluates
// cells. It serves one cell after another.
type worker struct {
	hash   *hasher
	wires  []block
	x, t   []block // blocks to hash and their tweaks
	labels []byte  // the garbler's input labels
}

// newWorkers returns a worker for every processor, or fewer for few cells.
func (l *layout) newWorkers(bound [32]byte) []*worker {
	workers := make([]*worker, min(l.perBatch, runtime.GOMAXPROCS(0)))
	hashes := 2 * max(l.circuit.evaluator, len(l.circuit.outputs))
	for i := range workers {
		workers[i] = &worker{hash: newHasher(bound), wires: make([]block, l.circuit.wires()),
			x: make([]block, hashes), t: make([]block, hashes), labels: make([]byte, blockBytes*l.circuit.garbler)}
	}
	return workers
}

// forCells calls work for each of n cells of a batch; it returns when all are
// done.
func forCells(workers []*worker, n int, work func(w *worker, i int)) {
	spread(len(workers), n, func(k, i int) { work(workers[k], i) })
}

// forTransfers calls work for each of the 128 base transfers or columns.
func forTransfers(work func(i int)) {
	spread(runtime.GOMAXPROCS(0), baseOTs, func(_, i int) { work(i) })
}

// spread lets k goroutines, numbered from 0, take n pieces of work.
func spread(k, n int, work func(k, i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for k := range min(k, n) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				work(k, int(i))
			}
		})
	}
	wg.Wait()
}
