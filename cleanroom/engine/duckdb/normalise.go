package duckdb

import (
	"context"
	"errors"

	"parley/agreements"
)

// maxVector bounds the keys one call of Normalise takes.
const maxVector = 1000

// normaliseRequest asks what the import would make of raw keys.
type normaliseRequest struct {
	Unit agreements.Unit `json:"unit"`
	Raw  []string        `json:"raw"`
}

// Normalise implements engine.Engine. It runs the very expressions of the
// import, in a child with the limits of parsing.
func (e *Engine) Normalise(ctx context.Context, u agreements.Unit, raw []string) ([][]byte, error) {
	if err := checkUnit(u); err != nil {
		return nil, err
	}
	if len(raw) > maxVector {
		return nil, errors.New("too many keys to normalise at once")
	}
	units := make([][]byte, 0, len(raw))
	_, err := e.call(ctx, e.opts.Parse, nil, request{Op: opNormalise, Normalise: &normaliseRequest{u, raw}}, func(frame []byte) error {
		for len(frame) > 0 {
			unit, rest, err := cutBytes(frame)
			if err != nil {
				return err
			}
			units = append(units, append([]byte(nil), unit...))
			frame = rest
		}
		return nil
	})
	if err == nil && len(units) != len(raw) {
		err = errFrame
	}
	if err != nil {
		return nil, e.explain(err, e.opts.Parse, whatNormalise)
	}
	return units, nil
}

// serveNormalise sends one unit for each key; a malformed key's is empty.
func serveNormalise(d *db, req request, out frameWriter) error {
	in := req.Normalise
	if in == nil || checkUnit(in.Unit) != nil {
		return failure{Code: codeInternal}
	}
	if err := d.lockDown(); err != nil {
		return err
	}
	b := batch{out: out}
	for _, raw := range in.Raw {
		unit, err := d.normaliseOne(in.Unit, raw)
		if err != nil {
			return err
		}
		b.buf = appendBytes(b.buf, unit)
		if err := b.rowDone(); err != nil {
			return err
		}
	}
	return b.flush()
}

func (d *db) normaliseOne(u agreements.Unit, raw string) ([]byte, error) {
	if u.Normalisation == agreements.NormPhone {
		unit, _ := phoneUnit(raw, u.Region)
		return []byte(unit), nil
	}
	r, err := d.query("SELECT "+unitSQL(u.Normalisation, "k")+" FROM (SELECT CAST($1 AS VARCHAR) AS k)", raw)
	if err != nil {
		return nil, err
	}
	defer r.close()
	var unit []byte
	err = r.chunks(func(cols []column, rows int) error {
		if rows == 1 && !cols[0].null(0) {
			unit = append(unit, cols[0].bytes(0)...)
		}
		return nil
	})
	return unit, err
}
