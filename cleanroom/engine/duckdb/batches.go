package duckdb

import (
	"encoding/binary"

	"parley/analysis/plan"
	"parley/cleanroom/engine"
)

// The frames of a joint plan's answer. The integers are little-endian.
//
//	groups   4 bytes, number of new groups
//	         per group and group column: 1 (NULL), or 0, length (uvarint), bytes
//	units    4 bytes per entry
//	groups   4 bytes per entry
//	ints     8 bytes per entry: rows; then sums, then counts of each measure
//
// The number of entries follows from the frame's length.

// maxGroup bounds the bytes of one encoded group.
const maxGroup = maxFrame / 2

// send sends the groups that were not sent before.
func (g *grouper) send(out frameWriter) error {
	for g.sent < g.len() {
		n := uint32(0)
		frame := make([]byte, 4)
		for ; g.sent < g.len() && len(frame) < maxFrame-maxGroup; g.sent++ {
			was := len(frame)
			if frame = g.appendGroup(frame, uint32(g.sent)); len(frame)-was > maxGroup {
				return failure{Code: codeShape}
			}
			n++
		}
		binary.LittleEndian.PutUint32(frame, n)
		if err := out.write(frameData, frame); err != nil {
			return err
		}
	}
	return nil
}

// entryBytes is the size of an entry with that many int columns.
func entryBytes(ints int) int { return 8 + 8*ints }

// sendEntries sends parallel columns, of which ints may be longer than the
// others, and returns the buffer it used.
func sendEntries(out frameWriter, frame []byte, unit, group []uint32, ints [][]int64) ([]byte, error) {
	most := (maxFrame - 4) / entryBytes(len(ints))
	for at := 0; at < len(unit); at += most {
		end := min(at+most, len(unit))
		frame = append(frame[:0], 0, 0, 0, 0)
		for _, u := range unit[at:end] {
			frame = binary.LittleEndian.AppendUint32(frame, u)
		}
		for _, g := range group[at:end] {
			frame = binary.LittleEndian.AppendUint32(frame, g)
		}
		for _, column := range ints {
			for _, v := range column[at:end] {
				frame = binary.LittleEndian.AppendUint64(frame, uint64(v))
			}
		}
		if err := out.write(frameData, frame); err != nil {
			return frame, err
		}
	}
	return frame, nil
}

// batchReader decodes the frames of a joint plan's answer. They come from a
// child that met hostile input, so it believes no number in them.
type batchReader struct {
	columns int
	known   uint64 // groups so far
	last    uint32 // unit of the last entry
	batch   engine.Batch
}

func newBatchReader(l plan.Local) *batchReader {
	return &batchReader{columns: l.KeyColumns(), batch: engine.Batch{Ints: make([][]int64, 1+2*len(l.Measures))}}
}

// read returns the batch of a frame, which is valid until the next call.
func (r *batchReader) read(frame []byte) (*engine.Batch, error) {
	rest, err := r.readGroups(frame)
	if err != nil {
		return nil, err
	}
	b := &r.batch
	size := entryBytes(len(b.Ints))
	if len(rest)%size != 0 {
		return nil, errFrame
	}
	n := len(rest) / size
	b.Units, rest = readUint32s(b.Units[:0], rest[:4*n]), rest[4*n:]
	b.Groups, rest = readUint32s(b.Groups[:0], rest[:4*n]), rest[4*n:]
	for i := range b.Ints {
		b.Ints[i], rest = readInt64s(b.Ints[i][:0], rest[:8*n]), rest[8*n:]
	}
	return b, r.check()
}

func (r *batchReader) readGroups(frame []byte) ([]byte, error) {
	if len(frame) < 4 {
		return nil, errFrame
	}
	n, rest := binary.LittleEndian.Uint32(frame), frame[4:]
	r.batch.NewGroups = r.batch.NewGroups[:0]
	for range n {
		group := make([]engine.Text, r.columns)
		for i := range group {
			var err error
			if group[i], rest, err = cutText(rest); err != nil {
				return nil, err
			}
		}
		if r.columns == 0 && r.known > 0 {
			return nil, errFrame // without columns there is one group
		}
		r.batch.NewGroups = append(r.batch.NewGroups, group)
		r.known++
	}
	return rest, nil
}

// check refuses a group that was not announced and units out of order.
func (r *batchReader) check() error {
	for i, u := range r.batch.Units {
		if u < r.last || uint64(r.batch.Groups[i]) >= r.known {
			return errFrame
		}
		r.last = u
	}
	return nil
}

func readUint32s(dst []uint32, in []byte) []uint32 {
	for ; len(in) >= 4; in = in[4:] {
		dst = append(dst, binary.LittleEndian.Uint32(in))
	}
	return dst
}

func readInt64s(dst []int64, in []byte) []int64 {
	for ; len(in) >= 8; in = in[8:] {
		dst = append(dst, int64(binary.LittleEndian.Uint64(in)))
	}
	return dst
}
