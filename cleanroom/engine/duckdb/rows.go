package duckdb

import (
	"encoding/binary"

	"parley/cleanroom/engine"
)

func appendInt(dst []byte, v int64) []byte { return binary.LittleEndian.AppendUint64(dst, uint64(v)) }

// rowReader decodes what shape.appendRow wrote. The bytes come from a child
// that met hostile input, so every length is checked against what is there.
type rowReader struct {
	shape  shape
	row    engine.Row
	labels map[string]string // repeated group labels share one string
}

// maxLabels bounds the label cache; beyond it labels are simply allocated.
const maxLabels = 1 << 14

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
		if len(in) == 0 || in[0] > 1 || in[0] == 1 && f == fieldUnit {
			return nil, errFrame
		}
		null := in[0] == 1
		in = in[1:]
		var err error
		switch f {
		case fieldUnit:
			var unit []byte
			unit, in, err = cutBytes(in)
			d.row.Unit = append(d.row.Unit[:0], unit...)
		case fieldGroup:
			var label []byte
			if !null {
				label, in, err = cutBytes(in)
			}
			d.row.Groups = append(d.row.Groups, engine.Text{Null: null, Value: d.label(label)})
		default:
			v := engine.Int64{Null: null}
			if !null {
				if len(in) < 8 {
					return nil, errFrame
				}
				v.Value, in = int64(binary.LittleEndian.Uint64(in)), in[8:]
			}
			d.row.Ints = append(d.row.Ints, v)
		}
		if err != nil {
			return nil, err
		}
	}
	return in, nil
}

func (d *rowReader) label(b []byte) string {
	if s, ok := d.labels[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(d.labels) < maxLabels {
		d.labels[s] = s
	}
	return s
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
