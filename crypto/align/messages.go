package align

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"parley/crypto/curve"
	"parley/crypto/wire"
	"parley/internal/weak"
)

func readFull(r io.Reader, b []byte) error {
	_, err := io.ReadFull(r, b)
	return err
}

// send posts a list beside the computation. The list must not change after.
func (p *party) send(step wire.Step, list []curve.Point) {
	p.tasks.Go(func() error {
		err := p.pipe.Send(p.ctx, step, int64(len(list))*curve.Size, &pointReader{list: list})
		return wrap(step, err)
	})
}

// incoming is a list that is being received.
type incoming struct {
	step wire.Step
	list chan []curve.Point
}

// fetch starts to receive a list of n points, n being known from agreed sizes.
func (p *party) fetch(step wire.Step, n int) incoming {
	in := incoming{step, make(chan []curve.Point, 1)}
	p.tasks.Go(func() error {
		list, err := receivePoints(p.ctx, p.pipe, step, n)
		if err != nil {
			return err
		}
		in.list <- list
		return nil
	})
	return in
}

// sorted waits for a list and checks it as a sorted one.
func (p *party) sorted(in incoming) ([]curve.Point, error) { return p.checked(in, true) }

// ordered waits for a list whose order is that of an earlier list.
func (p *party) ordered(in incoming) ([]curve.Point, error) { return p.checked(in, false) }

// checked always makes every check, so that the time to a refusal does not
// tell which of them failed.
func (p *party) checked(in incoming, sorted bool) ([]curve.Point, error) {
	var list []curve.Point
	select {
	case list = <-in.list:
	case <-p.ctx.Done():
		return nil, p.ctx.Err()
	}
	var orderFault error
	if sorted && !increasing(list) && !weak.Off("R38") {
		orderFault = errOrder
	}
	seed := wire.Sum(wire.LabelRandom, p.check[:], []byte(in.step))
	pointFault := curve.Validate(p.ctx, list, seed, p.report("check message "+string(in.step)))
	if err := p.ctx.Err(); err != nil {
		return nil, err
	}
	if weak.Off("R39") {
		pointFault = nil
	}
	if err := errors.Join(orderFault, pointFault); err != nil {
		return nil, refuse(in.step, err)
	}
	return list, nil
}

// receivePoints reads n points. Memory grows with what arrives, not with what
// was announced.
func receivePoints(ctx context.Context, pipe wire.Pipe, step wire.Step, n int) ([]curve.Point, error) {
	body, err := pipe.Recv(ctx, step, int64(n)*curve.Size)
	if err != nil {
		return nil, wrap(step, err)
	}
	defer body.Close()
	r := bufio.NewReaderSize(body, 1<<16)
	var list []curve.Point
	for range n {
		var x curve.Point
		if err := readFull(r, x[:]); err != nil {
			return nil, readFault(step, err)
		}
		list = append(list, x)
	}
	return list, nil
}

// sendCount and receiveCount carry |S|, the one number that the agreed sizes
// do not give.
func (p *party) sendCount(n int) {
	p.tasks.Go(func() error {
		b := binary.BigEndian.AppendUint64(nil, uint64(n))
		return wrap(stepCount, wire.SendBytes(p.ctx, p.pipe, stepCount, b))
	})
}

func (p *party) receiveCount() (int, error) {
	b, err := wire.RecvBytes(p.ctx, p.pipe, stepCount, countBytes)
	if err != nil {
		return 0, readFault(stepCount, err)
	}
	n := binary.BigEndian.Uint64(b)
	least, most := countBounds(p.nC, p.nP)
	if n < uint64(least) || n > uint64(most) {
		return 0, refuse(stepCount, errCount)
	}
	return int(n), nil
}

func wrap(step wire.Step, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("align: message %s: %w", step, err)
}

// readFault tells a message that ended early from a failure of the transport.
func readFault(step wire.Step, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return refuse(step, errLength)
	}
	return wrap(step, err)
}

// pointReader reads a list as its bytes, without a second copy of the list.
type pointReader struct {
	list []curve.Point
	off  int
}

func (r *pointReader) Read(b []byte) (n int, err error) {
	for n < len(b) && len(r.list) > 0 {
		c := copy(b[n:], r.list[0][r.off:])
		n += c
		r.off += c
		if r.off == curve.Size {
			r.list, r.off = r.list[1:], 0
		}
	}
	if n == 0 && len(b) > 0 {
		return 0, io.EOF
	}
	return n, nil
}
