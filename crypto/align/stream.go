package align

import (
	"context"

	"golang.org/x/sync/errgroup"

	"parley/crypto/curve"
)

// A stream takes a list once, in order, and computes one or more lists from
// it. Three stages work at a time: one reads (or hashes) and checks a batch,
// one computes on the batch before on all cores, one seals the results of the
// batch before that.

// batch is a part of the list: points[0] is its entry number at.
type batch struct {
	buf    []curve.Point
	points []curve.Point // in buf
	at     int
}

// feed hands on every entry of a list from number from on. It ends with an
// error if anything about the list was wrong; its results are of no use then.
type feed func(ctx context.Context, q *queue, from int) error

// derived is a list computed from the entries of a stream.
type derived struct {
	have int // entries stored by a run before this one
	work func(ctx context.Context, dst, src []curve.Point, at int) error
	keep func(points []curve.Point) error
}

// queue lends batches to a feed and takes them back full.
type queue struct {
	ctx  context.Context
	free chan []curve.Point
	full chan batch
}

// take waits for a batch to fill.
func (q *queue) take() ([]curve.Point, error) {
	select {
	case buf := <-q.free:
		return buf, nil
	case <-q.ctx.Done():
		return nil, q.ctx.Err()
	}
}

// pass hands on a batch. points is a part of buf.
func (q *queue) pass(buf, points []curve.Point, at int) error {
	select {
	case q.full <- batch{buf, points, at}:
		return nil
	case <-q.ctx.Done():
		return q.ctx.Err()
	}
}

func newQueue(ctx context.Context, batches, size int) *queue {
	q := &queue{ctx, make(chan []curve.Point, batches), make(chan batch, batches)}
	for range batches {
		q.free <- make([]curve.Point, size)
	}
	return q
}

// stream runs feed through to its end. Without a derived list it only makes
// the checks that the feed makes.
func (p *party) stream(feed feed, lists ...*derived) error {
	from := int(^uint(0) >> 1)
	for _, d := range lists {
		from = min(from, d.have)
	}
	tasks, ctx := errgroup.WithContext(p.ctx)
	in := newQueue(ctx, 3, p.cfg.batch())
	tasks.Go(func() error {
		defer close(in.full)
		return feed(ctx, in, from)
	})
	out := make([]*queue, len(lists))
	for i, d := range lists {
		q := newQueue(ctx, 2, p.cfg.batch())
		out[i] = q
		tasks.Go(func() error { return q.drain(d.keep) })
	}
	tasks.Go(func() error {
		for _, q := range out {
			defer close(q.full)
		}
		return compute(ctx, in, out, lists)
	})
	return tasks.Wait()
}

// compute works off the batches of in.
func compute(ctx context.Context, in *queue, out []*queue, lists []*derived) error {
	for b := range in.full {
		for i, d := range lists {
			skip := min(max(0, d.have-b.at), len(b.points))
			src := b.points[skip:]
			if len(src) == 0 {
				continue
			}
			buf, err := out[i].take()
			if err != nil {
				return err
			}
			dst := buf[:len(src)]
			if err := d.work(ctx, dst, src, b.at+skip); err != nil {
				return err
			}
			if err := out[i].pass(buf, dst, b.at+skip); err != nil {
				return err
			}
		}
		in.free <- b.buf
	}
	return ctx.Err()
}

// drain gives every batch to keep.
func (q *queue) drain(keep func([]curve.Point) error) error {
	for b := range q.full {
		if err := keep(b.points); err != nil {
			return err
		}
		q.free <- b.buf
	}
	return nil
}
