package cleanroom

import (
	"bytes"
	"context"
	"io"

	"golang.org/x/sync/errgroup"

	"parley/analysis/plan"
	"parley/crypto/inner"
	"parley/crypto/wire"
)

// holdValues is V's side.
func (p *products) holdValues(ctx context.Context) ([][]inner.Share, error) {
	shares := p.newShares()
	order, bySet := p.jobs()
	for _, set := range order {
		if err := p.holdValuesOf(ctx, set, bySet[set], shares); err != nil {
			return nil, err
		}
	}
	return shares, nil
}

func (p *products) holdValuesOf(ctx context.Context, set *inner.Set, jobs []*job, shares [][]inner.Share) error {
	v, err := inner.NewValues(set, p.slots, p.setSeed(set), p.rand)
	if err != nil {
		return err
	}
	var header bytes.Buffer
	if err := v.WriteHeader(&header); err != nil {
		return err
	}
	if err := wire.SendBytes(ctx, p.pipe, p.step(set, "key"), header.Bytes()); err != nil {
		return err
	}
	// Encrypting the next vector overlaps W's work on this one.
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return safely(func() error { return p.sendValues(ctx, set, v, jobs) }) })
	g.Go(func() error { return safely(func() error { return p.openAll(ctx, set, v, jobs, shares) }) })
	return g.Wait()
}

func (p *products) sendValues(ctx context.Context, set *inner.Set, v *inner.Values, jobs []*job) error {
	for _, j := range jobs {
		byGroup, err := p.valueVectors(j)
		if err != nil {
			return err
		}
		for g := range j.vectors {
			err := stream(ctx, p.pipe, p.step(set, "values", j.first+g), v.VectorSize(), func(w io.Writer) error {
				return v.Encrypt(ctx, j.first+g, byGroup(g), w)
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *products) openAll(ctx context.Context, set *inner.Set, v *inner.Values, jobs []*job, shares [][]inner.Share) error {
	for _, j := range jobs {
		for g := range j.vectors {
			if err := p.openCells(ctx, set, v, j, g, shares); err != nil {
				return err
			}
		}
	}
	return nil
}

// openCells reads W's response to one vector: for every product and every
// group of W, one cell.
func (p *products) openCells(ctx context.Context, set *inner.Set, v *inner.Values, j *job, g int, shares [][]inner.Share) error {
	size := v.CellSize()
	r, err := p.pipe.Recv(ctx, p.step(set, "cells", j.first+g), size*int64(len(j.products)*j.cells))
	if err != nil {
		return err
	}
	defer r.Close()
	cell := make([]byte, size)
	for _, i := range j.products {
		for gw := range j.cells {
			if _, err := io.ReadFull(r, cell); err != nil {
				return err
			}
			if shares[i][gw*p.groupsV+g], err = v.Open(cell); err != nil {
				return err
			}
		}
	}
	p.tick(len(j.products))
	return nil
}

// valueVectors lays one vector out over the slots, group by group.
func (p *products) valueVectors(j *job) (func(g int) []int64, error) {
	byGroup := make([][]inner.Entry, j.vectors)
	entries, err := p.entries(p.plan.Values[j.value])
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		byGroup[e.Group] = append(byGroup[e.Group], e)
	}
	dense := make([]int64, p.slots)
	return func(g int) []int64 {
		clear(dense)
		for _, e := range byGroup[g] {
			dense[e.Slot] = e.Weight
		}
		return dense
	}, nil
}

// entries places a vector's numbers on the slots. Over any group it has each
// unit once, in group 0.
func (p *products) entries(vec plan.Vector) ([]inner.Entry, error) {
	list := make([]inner.Entry, 0, len(p.own.keys))
	seen := map[unitKey]bool{}
	for i, key := range p.own.keys {
		x, err := p.own.entry(i, vec)
		if err != nil {
			return nil, err
		}
		slot, ok := p.slotOf[key]
		if !ok {
			return nil, errStaleAlignment
		}
		group := p.own.group[i]
		if vec.Any {
			if seen[key] {
				continue
			}
			seen[key], group = true, 0
		}
		list = append(list, inner.Entry{Slot: slot, Group: group, Weight: x})
	}
	return list, nil
}
