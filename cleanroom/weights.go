package cleanroom

import (
	"bytes"
	"context"
	"io"

	"parley/crypto/inner"
	"parley/crypto/wire"
)

// holdWeights is W's side.
func (p *products) holdWeights(ctx context.Context) ([][]inner.Share, error) {
	shares := p.newShares()
	order, bySet := p.jobs()
	entries, err := p.weightEntries()
	if err != nil {
		return nil, err
	}
	for _, set := range order {
		if err := p.holdWeightsOf(ctx, set, bySet[set], entries, shares); err != nil {
			return nil, err
		}
	}
	return shares, nil
}

func (p *products) holdWeightsOf(ctx context.Context, set *inner.Set, jobs []*job, entries [][]inner.Entry, shares [][]inner.Share) error {
	w, err := inner.NewWeights(set, p.slots, p.setSeed(set), p.rand)
	if err != nil {
		return err
	}
	header, err := wire.RecvBytes(ctx, p.pipe, p.step(set, "key"), w.HeaderSize())
	if err != nil {
		return err
	}
	if err := w.ReadHeader(bytes.NewReader(header)); err != nil {
		return err
	}
	for _, j := range jobs {
		lists := make([][]inner.Entry, len(j.products))
		for n, i := range j.products {
			lists[n] = entries[p.plan.Products[i].Weight]
		}
		for g := range j.vectors {
			if err := p.respond(ctx, set, w, j, g, lists, shares); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *products) respond(ctx context.Context, set *inner.Set, w *inner.Weights, j *job, g int, lists [][]inner.Entry, shares [][]inner.Share) error {
	r, err := p.pipe.Recv(ctx, p.step(set, "values", j.first+g), w.VectorSize())
	if err != nil {
		return err
	}
	cells, err := w.Multiply(ctx, j.first+g, r, lists, j.cells)
	if err != nil {
		return err
	}
	if err := r.Close(); err != nil {
		return err
	}
	size := w.CellSize() * int64(len(j.products)*j.cells)
	err = stream(ctx, p.pipe, p.step(set, "cells", j.first+g), size, func(out io.Writer) error {
		for n, i := range j.products {
			for gw, c := range cells[n] {
				if _, err := out.Write(c.Bytes); err != nil {
					return err
				}
				shares[i][gw*p.groupsV+g] = c.Share
			}
		}
		return nil
	})
	p.tick(len(j.products))
	return err
}

// weightEntries lists every weight vector over the slots, filled up with
// entries of weight 0: the time a product takes grows with its entries, and
// must tell the other owner nothing of how many rows the filters left.
func (p *products) weightEntries() ([][]inner.Entry, error) {
	all := make([][]inner.Entry, len(p.plan.Weights))
	for n, vec := range p.plan.Weights {
		list, err := p.entries(vec)
		if err != nil {
			return nil, err
		}
		groups := p.groupsW
		if vec.Any {
			groups = 1
		}
		for i := len(list); i < entryCount(len(list), len(p.slotOf)); i++ {
			list = append(list, inner.Entry{Group: uint32(i % groups)})
		}
		all[n] = list
	}
	return all, nil
}

// entryCount is the smallest number of units times a power of two that is not
// below n. units is known to the other owner; only a question whose units
// fall into several groups each shows more, and then only its magnitude.
func entryCount(n, units int) int {
	for units = max(units, 1); units < n; units *= 2 {
	}
	return units
}
