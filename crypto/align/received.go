package align

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"

	"parley/crypto/curve"
	"parley/crypto/wire"
	"parley/internal/weak"
)

// received is a list of points from the peer. Nothing computed from it may
// leave before its feed has ended without an error.
type received struct {
	step   wire.Step
	n      int  // known from agreed sizes
	sorted bool // else its order is that of an earlier list
	// filter, if set, picks the entries that are handed on, batch by batch.
	filter func([]curve.Point) ([]curve.Point, error)
}

// read is the feed of a received list. Every entry gets every check, so that
// neither the answer nor its time tells which of the checks failed; from the
// first fault on, nothing more is handed on.
func (p *party) read(l received) feed {
	return func(ctx context.Context, q *queue, from int) error {
		body, err := p.pipe.Recv(ctx, l.step, int64(l.n)*curve.Size)
		if err != nil {
			return wrap(l.step, err)
		}
		defer body.Close()
		r := bufio.NewReaderSize(body, 1<<16)
		c := checker{p: p, list: l}
		passed := 0
		for c.at < l.n {
			buf, err := q.take()
			if err != nil {
				return err
			}
			points := buf[:min(len(buf), l.n-c.at)]
			for i := range points {
				if err := readFull(r, points[i][:]); err != nil {
					return readFault(l.step, err)
				}
			}
			if err := c.check(ctx, points); err != nil {
				return err
			}
			if c.ok() && l.filter != nil {
				if points, err = l.filter(points); err != nil {
					return err
				}
			}
			at := passed
			passed += len(points)
			if skip := min(max(0, from-at), len(points)); c.ok() && skip < len(points) {
				err = q.pass(buf, points[skip:], at+skip)
			} else {
				q.free <- buf
			}
			if err != nil {
				return err
			}
		}
		return c.verdict()
	}
}

// checker checks a list of points part by part.
type checker struct {
	p          *party
	list       received
	at         int
	order      rising
	pointFault error
}

func (c *checker) check(ctx context.Context, points []curve.Point) error {
	if c.list.sorted {
		for i := range points {
			c.order.next(points[i][:])
		}
	}
	// Each part has a seed of its own, which depends on where it stands.
	where := binary.BigEndian.AppendUint64(nil, uint64(c.at))
	seed := wire.Sum(wire.LabelRandom, c.p.check[:], []byte(c.list.step), where)
	report := c.p.report("check message "+string(c.list.step), c.at, c.list.n)
	err := curve.Validate(ctx, points, seed, report)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if c.pointFault == nil && !weak.Off("R39") {
		c.pointFault = err
	}
	c.at += len(points)
	return nil
}

func (c *checker) ok() bool { return c.verdict() == nil }

// verdict is the refusal of what was read so far, or nil.
func (c *checker) verdict() error {
	var orderFault error
	if c.order.failed && !weak.Off("R38") {
		orderFault = errOrder
	}
	if err := errors.Join(orderFault, c.pointFault); err != nil {
		return refuse(c.list.step, err)
	}
	return nil
}
