package align

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"parley/crypto/wire"
)

func readFull(r io.Reader, b []byte) error {
	_, err := io.ReadFull(r, b)
	return err
}

// post sends a stored message beside the computation.
func (p *party) post(step wire.Step, file string) {
	p.tasks.Go(func() error { return p.send(step, file) })
}

// send sends a stored message. A resumed run sends the same file again.
func (p *party) send(step wire.Step, file string) error {
	r, err := p.cfg.Work.Read(file)
	if err != nil {
		return fmt.Errorf("align: %w", err)
	}
	defer r.Close()
	return wrap(step, p.pipe.Send(p.ctx, step, r.Size(), r))
}

// postCount and receiveCount carry |S|, the one number that the agreed sizes
// do not give.
func (p *party) postCount(n int) {
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
