package inner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"

	"parley/internal/weak"
)

// Entry is one weight: Weight counts towards Group at Slot. Entries of the
// same slot and group add up; their order is of no importance. An entry of
// weight 0 costs as much as any other, so that a caller can keep the number of
// entries at a declared size.
type Entry struct {
	Slot, Group uint32
	Weight      int64
}

// Cell is the outcome of one inner product: the bytes for the value holder,
// c1′ ‖ y, and the weight holder's own share.
type Cell struct {
	Bytes []byte
	Share Share
}

// Weights is the weight holder's half of one session.
//
// Memory while multiplying, besides the caller's entries and the cells that
// are returned: 32 bytes an entry, 24·L bytes a cell (L primes), 4 bytes for
// each pair of batch and block, one block of the vector, and for each processor
// at most 16 MiB of hints. It does not grow with the vector's length.
type Weights struct {
	set   *Set
	slots int
	seed  [32]byte
	noise [32]byte // key of u, e0, e1 and r of every cell
	head  poly     // b_pk, nil until ReadHeader
	apkM  poly     // a_pk, transformed, in Montgomery form

	blind bool // re-randomise with u; false only to show the attack
	pad   bool // mask y with r; false only to show the attack

	mu   sync.Mutex
	used map[int]bool // guarded by mu
}

// NewWeights prepares a session with the agreed seed and slots.
func NewWeights(set *Set, slots int, seed [32]byte, rnd io.Reader) (*Weights, error) {
	if err := checkSlots(slots); err != nil {
		return nil, err
	}
	w := &Weights{set: set, slots: slots, seed: seed, used: map[int]bool{}}
	w.blind, w.pad = !weak.Off("R42"), !weak.Off("R42")
	if _, err := io.ReadFull(rnd, w.noise[:]); err != nil {
		return nil, fmt.Errorf("inner: randomness: %w", err)
	}
	w.apkM = set.publicKeyElement(seed)
	set.ntt(w.apkM)
	set.toMont(w.apkM)
	return w, nil
}

// HeaderSize is the size in bytes of what ReadHeader reads.
func (w *Weights) HeaderSize() int64 { return w.set.HeaderSize() }

// VectorSize is the size in bytes of one encrypted vector.
func (w *Weights) VectorSize() int64 { return w.set.VectorSize(w.slots) }

// CellSize is the size in bytes of one Cell's Bytes.
func (w *Weights) CellSize() int64 { return w.set.CellSize() }

// ReadHeader reads b_pk: exactly HeaderSize bytes, every coefficient below its
// prime. It must come before the first product.
func (w *Weights) ReadHeader(r io.Reader) error {
	if w.head != nil {
		return errors.New("inner: the header was already read")
	}
	head := w.set.newPoly()
	buf := make([]byte, w.HeaderSize()+8)
	if err := w.readPoly(r, head, buf); err != nil {
		return fmt.Errorf("inner: header: %w", err)
	}
	if err := atEnd(r); err != nil {
		return fmt.Errorf("inner: header: %w", err)
	}
	w.head = head
	return nil
}

// readPoly fills p from exactly polySize bytes; buf has 8 bytes more.
func (w *Weights) readPoly(r io.Reader, p poly, buf []byte) error {
	if _, err := io.ReadFull(r, buf[:w.set.polySize()]); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return errors.New("shorter than agreed")
		}
		return err
	}
	return w.set.unpackPoly(p, buf)
}

// atEnd refuses bytes beyond the agreed size.
func atEnd(r io.Reader) error {
	var one [1]byte
	n, err := io.ReadFull(r, one[:])
	if n > 0 {
		return errors.New("longer than agreed")
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// Multiply reads one encrypted vector and multiplies it with every product,
// each a list of entries over groups 0 … groups−1; the answer has one row per
// product and one cell per group, empty groups included. Blocks are used as
// they arrive. Each vector index is used once.
//
// It refuses an entry outside slots or groups, and a cell whose ‖w‖₁ is above
// the set's budget; its errors do not say which.
func (w *Weights) Multiply(ctx context.Context, index int, vector io.Reader, products [][]Entry, groups int) ([][]Cell, error) {
	p, err := w.arrange(products, groups)
	if err != nil {
		return nil, err
	}
	return w.run(ctx, index, vector, p, func(batch int) ([]poly, error) {
		return w.hintBatch(ctx, index, p, batch)
	})
}

func (w *Weights) run(ctx context.Context, index int, vector io.Reader, p *layout, hints func(batch int) ([]poly, error)) ([][]Cell, error) {
	if w.head == nil {
		return nil, errors.New("inner: the header was not read")
	}
	if err := claim(&w.mu, w.used, index); err != nil {
		return nil, err
	}
	beta, err := w.accumulate(ctx, index, vector, p)
	if err != nil {
		return nil, err
	}
	cells := make([]Cell, p.cells)
	err = parallel(ctx, p.batches, runtime.GOMAXPROCS(0), func(batch int) error {
		polys, err := hints(batch)
		if err != nil {
			return err
		}
		first := batch * p.perBatch
		for i, hint := range polys {
			if err := ctx.Err(); err != nil {
				return err
			}
			cells[first+i] = w.cell(index, first+i, hint, beta[first+i])
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	rows := make([][]Cell, 0, p.cells/p.groups)
	for ; len(cells) > 0; cells = cells[p.groups:] {
		rows = append(rows, cells[:p.groups:p.groups])
	}
	return rows, nil
}
