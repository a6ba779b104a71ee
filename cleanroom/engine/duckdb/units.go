package duckdb

import (
	"bytes"
	"encoding/binary"
)

// serveUnits sends every distinct unit: per unit its length (uvarint) and its
// bytes. A table that is not strictly in order is refused rather than sent.
func serveUnits(d *db, req request, out frameWriter) error {
	if err := d.openSnapshot(req.Key); err != nil {
		return err
	}
	b := batch{out: out}
	var last []byte
	err := d.scanUnits(func(unit []byte) error {
		// No unit is empty, so the first one comes after the empty one.
		if bytes.Compare(last, unit) >= 0 {
			return failure{Code: codeOpen}
		}
		last = append(last[:0], unit...)
		b.buf = appendBytes(b.buf, unit)
		return b.rowDone()
	})
	if err != nil {
		return err
	}
	return b.flush()
}

// batch gathers encoded rows into frames; a row never spans two frames.
type batch struct {
	out frameWriter
	buf []byte
	row int // start of the unfinished row
}

const batchSize = 1 << 16

func (b *batch) rowDone() error {
	if len(b.buf)-b.row > maxFrame-batchSize {
		return failure{Code: codeShape}
	}
	b.row = len(b.buf)
	if len(b.buf) < batchSize {
		return nil
	}
	return b.flush()
}

func (b *batch) flush() error {
	if len(b.buf) == 0 {
		return nil
	}
	err := b.out.write(frameData, b.buf)
	b.buf, b.row = b.buf[:0], 0
	return err
}

func appendBytes(dst, v []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(v))), v...)
}
