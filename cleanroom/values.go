package cleanroom

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"

	"golang.org/x/sync/errgroup"

	"parley/crypto/inner"
	"parley/crypto/wire"
)

// valueHolder is V's side of one run; holdWeights draws it.
type valueHolder struct {
	*products
	jobs     []*job
	asks     []ask
	sessions map[space]*inner.Values
	tokens   []token  // by ask: under which new hints are kept
	hints    [][]byte // by ask: kept ones, else nil
	shares   [][]inner.Share
}

// holdValues is V's side.
func (p *products) holdValues(ctx context.Context) ([][]inner.Share, error) {
	v := &valueHolder{products: p, sessions: map[space]*inner.Values{}, shares: p.newShares()}
	var err error
	if v.jobs, err = p.jobs(); err != nil {
		return nil, err
	}
	v.asks = p.asks(v.jobs)
	for _, j := range v.jobs {
		if v.sessions[j.space] == nil {
			if v.sessions[j.space], err = inner.NewValues(j.set, p.slotsIn(j.space), j.seed(p.transcript), p.rand); err != nil {
				return nil, err
			}
		}
	}
	if err := v.compare(ctx); err != nil {
		return nil, err
	}
	// Encrypting the next vector overlaps W's work on this one.
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return safely(func() error { return v.sendAll(ctx) }) })
	g.Go(func() error { return safely(func() error { return v.openAll(ctx) }) })
	if err := g.Wait(); err != nil {
		return v.shares, err
	}
	return v.shares, p.sumOwn(p.plan.V)
}

func (v *valueHolder) sendAll(ctx context.Context) error {
	for _, j := range v.jobs {
		session := v.sessions[j.space]
		if j.index == firstOf(v.jobs, j.space) {
			var header bytes.Buffer
			if err := session.WriteHeader(&header); err != nil {
				return err
			}
			if err := wire.SendBytes(ctx, v.pipe, v.step(j.space, "key"), header.Bytes()); err != nil {
				return err
			}
		}
		var wrong error
		columns, err := inner.NewColumns(j.set, v.slotsIn(j.space), j.vectors, v.entries(v.plan.Values[j.value], &wrong))
		if err := cmp.Or(wrong, err); err != nil {
			return err
		}
		for g := range j.vectors {
			err := stream(ctx, v.pipe, v.step(j.space, "values", j.index+g), session.VectorSize(), func(w io.Writer) error {
				return session.Encrypt(ctx, j.index+g, columns, g, w)
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (v *valueHolder) openAll(ctx context.Context) error {
	for n := 0; n < len(v.asks); {
		j := v.asks[n].job
		folded := make([][]inner.Folded, len(j.products))
		for i := range folded {
			var err error
			if folded[i], err = v.fold(ctx, n+i); err != nil {
				return err
			}
		}
		if err := v.open(ctx, v.asks[n:n+len(folded)], folded); err != nil {
			return err
		}
		v.tick(len(j.products))
		n += len(j.products)
	}
	return nil
}

// compare tells W which of the hints it named are kept here.
func (v *valueHolder) compare(ctx context.Context) error {
	named, err := wire.RecvBytes(ctx, v.pipe, "inner/tokens", int64(2*len(token{})*len(v.asks)))
	if err != nil {
		return err
	}
	v.tokens, v.hints = make([]token, len(v.asks)), make([][]byte, len(v.asks))
	answer, held := make([]byte, len(v.asks)), make([]bool, len(v.asks))
	for n, a := range v.asks {
		old := token(named)
		v.tokens[n] = token(named[len(old):])
		named = named[2*len(old):]
		// The size is part of the key: what comes back fits this product.
		if v.hints[n] = v.kept.received(v.hintsKey(a, old)); v.hints[n] != nil {
			answer[n], held[n] = 1, true
		}
	}
	v.noteKept(held)
	return wire.SendBytes(ctx, v.pipe, "inner/held", answer)
}

func (v *valueHolder) hintsKey(a ask, t token) string {
	return fmt.Sprintf("theirs\n%s\n%s\n%s\n%d\n%d\n%x", v.item.pair, v.item.alignment, a.job.name(), a.index, a.cells, t)
}

// foldBytes is how much of the hints is read at a time.
const foldBytes = 4 << 20

// fold takes the hints of one product, kept or new. New ones are kept if there
// is room for them.
func (v *valueHolder) fold(ctx context.Context, n int) ([]inner.Folded, error) {
	a := v.asks[n]
	session := v.sessions[a.job.space]
	if v.hints[n] != nil {
		return session.Fold(ctx, v.hints[n])
	}
	each := a.job.set.HintSize()
	size := each * int64(a.cells)
	r, err := v.pipe.Recv(ctx, v.step(a.job.space, "hints", a.index, a.product), size)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	keep := v.kept.holds(size)
	var all []byte
	folded := make([]inner.Folded, 0, a.cells)
	buf := make([]byte, min(size, foldBytes/each*each))
	for left := size; left > 0; left -= int64(len(buf)) {
		buf = buf[:min(left, int64(len(buf)))]
		if _, err := io.ReadFull(r, buf); err != nil {
			return nil, err
		}
		more, err := session.Fold(ctx, buf)
		if err != nil {
			return nil, err
		}
		folded = append(folded, more...)
		if keep {
			all = append(all, buf...)
		}
	}
	if keep {
		it := v.item
		it.key, it.hints = v.hintsKey(a, v.tokens[n]), all
		v.kept.receive(it)
	}
	return folded, nil
}

// open reads the sums of one vector: for every product and every group of W,
// one cell.
func (v *valueHolder) open(ctx context.Context, asks []ask, folded [][]inner.Folded) error {
	s, each, cells := asks[0].job.space, int(asks[0].job.set.AnswerSize()), 0
	for _, a := range asks {
		cells += a.cells
	}
	sums, err := wire.RecvBytes(ctx, v.pipe, v.step(s, "sums", asks[0].index), int64(each*cells))
	if err != nil {
		return err
	}
	for n, a := range asks {
		for gw := range a.cells {
			share, err := v.sessions[s].Open(folded[n][gw], sums[:each])
			if err != nil {
				return err
			}
			v.shares[a.product][gw*v.groupsV+a.group], sums = share, sums[each:]
		}
	}
	return nil
}
