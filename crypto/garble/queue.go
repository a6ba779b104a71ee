package garble

import "context"

// queue passes buffers between the stages of a side, or holds those that are
// free. There are as many buffers as the queue has room for, made once for the
// whole run: a stage that is faster than the next one waits for a free buffer,
// and that is what bounds a side's memory.
type queue[T any] chan T

// newBuffers returns a queue of n new buffers, all free.
func newBuffers[T any](n int, buffer func() T) queue[T] {
	q := make(queue[T], n)
	for range n {
		q.put(buffer())
	}
	return q
}

func (q queue[T]) get(ctx context.Context) (v T, err error) {
	select {
	case v = <-q:
		return v, nil
	case <-ctx.Done():
		return v, ctx.Err()
	}
}

// put never blocks: there is room for every buffer.
func (q queue[T]) put(v T) { q <- v }
