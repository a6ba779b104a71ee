package cleanroom

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"

	"golang.org/x/sync/errgroup"

	"parley/crypto/inner"
	"parley/crypto/wire"
)

// weightHolder is W's side of one run.
type weightHolder struct {
	*products
	jobs     []*job
	asks     []ask
	arranged map[arrangedKey]*inner.Arranged
	sessions map[space]*inner.Weights
	tokens   []token       // by ask: of hints that this run makes
	replies  []*inner.Kept // by ask
	held     []bool        // by ask: V has the hints, and W what answers to them
	shares   [][]inner.Share
	sums     [][]byte // by vector, in order
}

type arrangedKey struct {
	space  space
	weight int
}

// holdWeights is W's side:
//
//	V ◀── tokens ───── W   for every product, the name of hints that W can answer
//	                       for (16 bytes, else random) and one for new hints (16)
//	V ─── held ──────▶ W   for every product, 1 if V has the former, else 0
//	V ─── key ───────▶ W   for each parameter set, in a join on time with and without days
//	V ◀── hints ────── W   c1′ of the products that V has none of
//	V ─── values ────▶ W   every vector, encrypted
//	V ◀── sums ─────── W   y of every cell, for each vector
func (p *products) holdWeights(ctx context.Context) ([][]inner.Share, error) {
	w := &weightHolder{products: p, arranged: map[arrangedKey]*inner.Arranged{},
		sessions: map[space]*inner.Weights{}, shares: p.newShares()}
	err := w.hold(ctx)
	if err != nil {
		// Whatever went wrong, the next run starts afresh.
		p.kept.drop(p.item.key)
	} else {
		err = p.sumOwn(p.plan.W)
	}
	return w.shares, err
}

func (w *weightHolder) hold(ctx context.Context) (err error) {
	if w.jobs, err = w.products.jobs(); err != nil {
		return err
	}
	w.asks = w.products.asks(w.jobs)
	if err := w.offer(ctx); err != nil {
		return err
	}
	if err := w.arrange(); err != nil {
		return err
	}
	if err := w.agree(ctx); err != nil {
		return err
	}
	// Hints do not depend on the values: they are made while these come.
	outer := ctx
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return safely(func() error { return w.sendHints(ctx) }) })
	g.Go(func() error { return safely(func() error { return w.answerAll(ctx) }) })
	if err := g.Wait(); err != nil {
		return err
	}
	return w.sendSums(outer)
}

// offer names the hints of every product to V. Names are random, so nobody
// can tell from them whether there is anything behind the first.
func (w *weightHolder) offer(ctx context.Context) error {
	w.tokens, w.replies, w.held = make([]token, len(w.asks)), make([]*inner.Kept, len(w.asks)), make([]bool, len(w.asks))
	var message []byte
	for n, a := range w.asks {
		var old token
		if got, ok := w.kept.reserve(w.ownWeight, w.answerKey(a)); ok {
			old, w.replies[n] = got.token, got.kept
		} else if _, err := io.ReadFull(w.rand, old[:]); err != nil {
			return err
		}
		if _, err := io.ReadFull(w.rand, w.tokens[n][:]); err != nil {
			return err
		}
		message = append(append(message, old[:]...), w.tokens[n][:]...)
	}
	return wire.SendBytes(ctx, w.pipe, "inner/tokens", message)
}

func (w *weightHolder) answerKey(a ask) answerKey {
	return answerKey{set: a.job.name(), vector: w.plan.Weights[w.plan.Products[a.product].Weight], index: a.index}
}

// agree learns which hints V has. For those it has not, everything is drawn
// anew: a u that V may have seen meets no second e1.
func (w *weightHolder) agree(ctx context.Context) error {
	held, err := wire.RecvBytes(ctx, w.pipe, "inner/held", int64(len(w.asks)))
	if err != nil {
		return err
	}
	for n, a := range w.asks {
		switch {
		case held[n] == 1 && w.replies[n] != nil:
			w.held[n] = true
			continue
		case held[n] != 0:
			return errHeld
		}
		if w.replies[n], err = w.sessions[a.job.space].Keep(a.index, w.weightsOf(a)); err != nil {
			return err
		}
	}
	w.noteKept(w.held)
	return nil
}

var errHeld = errors.New("the other node says that it has hints which were never made")

func (w *weightHolder) weightsOf(a ask) *inner.Arranged {
	return w.arranged[arrangedKey{a.job.space, w.plan.Products[a.product].Weight}]
}

// arrange opens a session for every parameter set, and lays every list of
// weights out for the sets that use it.
func (w *weightHolder) arrange() (err error) {
	for _, j := range w.jobs {
		if w.sessions[j.space] == nil {
			if w.sessions[j.space], err = inner.NewWeights(j.set, w.slotsIn(j.space), j.seed(w.transcript), w.rand); err != nil {
				return err
			}
		}
		for _, i := range j.products {
			key := arrangedKey{j.space, w.plan.Products[i].Weight}
			if w.arranged[key] != nil {
				continue
			}
			vec, cells := w.plan.Weights[key.weight], w.cellsOf(key.weight)
			var wrong error
			slots := w.slotsIn(j.space)
			a, err := inner.Arrange(j.set, slots, cells, vec.MaxAbs, w.padded(w.entries(vec, &wrong), w.countOf(vec), cells, slots))
			if err := cmp.Or(wrong, err); err != nil {
				return err
			}
			w.arranged[key] = a
		}
	}
	return nil
}

// sendHints makes and sends the hints that V has not, and keeps what answers
// to them once V has stored them.
func (w *weightHolder) sendHints(ctx context.Context) error {
	for n, a := range w.asks {
		if w.held[n] {
			continue
		}
		session, weights := w.sessions[a.job.space], w.weightsOf(a)
		err := stream(ctx, w.pipe, w.step(a.job.space, "hints", a.index, a.product), session.HintsSize(weights), func(out io.Writer) error {
			return session.WriteHints(ctx, w.replies[n], weights, out)
		})
		if err != nil {
			return err
		}
		w.kept.answer(w.item.key, w.ownWeight, w.answerKey(a), keptAnswer{w.tokens[n], w.replies[n]})
	}
	return nil
}

// answerAll multiplies every vector as it comes.
func (w *weightHolder) answerAll(ctx context.Context) error {
	for rest := w.asks; len(rest) > 0; {
		j, group := rest[0].job, rest[0].group
		if rest[0].index == firstOf(w.jobs, j.space) {
			if err := w.readKey(ctx, j.space); err != nil {
				return err
			}
		}
		first := len(w.asks) - len(rest)
		rest = rest[len(j.products):]
		if err := w.respond(ctx, j, group, first); err != nil {
			return err
		}
		w.tick(len(j.products))
	}
	return nil
}

// firstOf is the index of the first vector of a space.
func firstOf(jobs []*job, s space) int {
	for _, j := range jobs {
		if j.space == s {
			return j.index
		}
	}
	return -1
}

func (w *weightHolder) readKey(ctx context.Context, s space) error {
	session := w.sessions[s]
	header, err := wire.RecvBytes(ctx, w.pipe, w.step(s, "key"), session.HeaderSize())
	if err != nil {
		return err
	}
	return session.ReadHeader(bytes.NewReader(header))
}

// respond multiplies one vector with all its products, whose asks start at
// first.
func (w *weightHolder) respond(ctx context.Context, j *job, group, first int) error {
	session, index := w.sessions[j.space], j.index+group
	products := make([]inner.Product, len(j.products))
	for n := range products {
		products[n] = inner.Product{Weights: w.weightsOf(w.asks[first+n]), Kept: w.replies[first+n]}
	}
	r, err := w.pipe.Recv(ctx, w.step(j.space, "values", index), session.VectorSize())
	if err != nil {
		return err
	}
	answers, err := session.Multiply(ctx, index, r, products)
	if err := errors.Join(err, r.Close()); err != nil {
		return err
	}
	var message []byte
	for n, i := range j.products {
		for gw, a := range answers[n] {
			message = append(message, a.Bytes...)
			w.shares[i][gw*w.groupsV+group] = a.Share
		}
	}
	w.sums = append(w.sums, message)
	return nil
}

// sendSums comes after all hints were sent: which of the two is ready first
// depends on the weights, and the order of messages must not.
func (w *weightHolder) sendSums(ctx context.Context) error {
	n := 0
	for _, j := range w.jobs {
		for g := range j.vectors {
			if err := wire.SendBytes(ctx, w.pipe, w.step(j.space, "sums", j.index+g), w.sums[n]); err != nil {
				return err
			}
			n++
		}
	}
	return nil
}
