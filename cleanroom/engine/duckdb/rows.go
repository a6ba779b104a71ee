package duckdb

import (
	"encoding/binary"

	"parley/cleanroom/engine"
)

func appendInt(dst []byte, v int64) []byte { return binary.LittleEndian.AppendUint64(dst, uint64(v)) }

// rowReader decodes what shape.appendRow wrote. The bytes come from a child
// that met hostile input, so every length is checked against what is there.
type rowReader struct {
	shape shape
	row   engine.Row
}

// each decodes the rows of one frame and calls fn for each.
func (d *rowReader) each(frame []byte, fn func(engine.Row) error) error {
	for len(frame) > 0 {
		rest, err := d.decode(frame)
		if err != nil {
			return err
		}
		if err := fn(d.row); err != nil {
			return err
		}
		frame = rest
	}
	return nil
}

func (d *rowReader) decode(in []byte) ([]byte, error) {
	d.row.Groups, d.row.Ints = d.row.Groups[:0], d.row.Ints[:0]
	for _, f := range d.shape {
		if f == fieldGroup {
			text, rest, err := cutText(in)
			if err != nil {
				return nil, err
			}
			d.row.Groups, in = append(d.row.Groups, text), rest
			continue
		}
		null, rest, err := cutNull(in)
		if err != nil {
			return nil, err
		}
		v := engine.Int64{Null: null}
		if !null {
			if len(rest) < 8 {
				return nil, errFrame
			}
			v.Value, rest = int64(binary.LittleEndian.Uint64(rest)), rest[8:]
		}
		d.row.Ints, in = append(d.row.Ints, v), rest
	}
	return in, nil
}

// cutNull takes the byte off the front of in that is 1 for NULL.
func cutNull(in []byte) (null bool, rest []byte, err error) {
	if len(in) == 0 || in[0] > 1 {
		return false, nil, errFrame
	}
	return in[0] == 1, in[1:], nil
}

// cutText takes a nullable text off the front of in.
func cutText(in []byte) (engine.Text, []byte, error) {
	null, in, err := cutNull(in)
	if err != nil || null {
		return engine.Text{Null: true}, in, err
	}
	v, in, err := cutBytes(in)
	return engine.Text{Value: string(v)}, in, err
}

// cutBytes takes a length and that many bytes off the front of in.
func cutBytes(in []byte) (v, rest []byte, err error) {
	n, w := binary.Uvarint(in)
	if w <= 0 || n > uint64(len(in)-w) {
		return nil, nil, errFrame
	}
	end := w + int(n)
	return in[w:end], in[end:], nil
}
