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

// Weights is the weight holder's half of one session.
//
// Memory, besides the arranged weights: 24·L bytes a cell (L primes) and one
// block of the vector while multiplying; while making hints, for each processor
// at most 32 MiB of them and what goes out. It does not grow with the vector's
// length.
type Weights struct {
	set   *Set
	slots int
	seed  [32]byte
	noise [32]byte // key of e0 and r of every cell
	head  poly     // b_pk, nil until ReadHeader
	apkM  poly     // a_pk, transformed, in Montgomery form

	blind bool // re-randomise with u; false only to show the attack
	pad   bool // mask y with r; false only to show the attack

	mu   sync.Mutex
	rnd  io.Reader    // guarded by mu
	used map[int]bool // guarded by mu
}

// Answer is the outcome of one inner product: y for the value holder, and the
// weight holder's own share.
type Answer struct {
	Bytes []byte
	Share Share
}

// NewWeights prepares a session with the alignment's seed and slots.
func NewWeights(set *Set, slots int, seed [32]byte, rnd io.Reader) (*Weights, error) {
	if err := checkSlots(slots); err != nil {
		return nil, err
	}
	w := &Weights{set: set, slots: slots, seed: seed, rnd: rnd, used: map[int]bool{}}
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

// Product is one list of weights and what is kept of it for this vector.
type Product struct {
	Weights *Arranged
	Kept    *Kept
}

// Multiply reads one encrypted vector and multiplies it with every product;
// the result has one row per product and one answer per group, empty groups
// included. Blocks are used as they arrive. Each vector index is used once,
// and every product takes one reserved answer of what is kept of it.
func (w *Weights) Multiply(ctx context.Context, index int, vector io.Reader, products []Product) ([][]Answer, error) {
	if w.head == nil {
		return nil, errors.New("inner: the header was not read")
	}
	for _, p := range products {
		if err := w.fits(p.Weights); err != nil {
			return nil, err
		}
	}
	if err := claim(&w.mu, w.used, index); err != nil {
		return nil, err
	}
	for _, p := range products {
		if err := p.Kept.answer(w, index, p.Weights); err != nil {
			return nil, err
		}
	}
	beta, err := w.accumulate(ctx, index, vector, products)
	if err != nil {
		return nil, err
	}
	answers := make([][]Answer, len(products))
	for n, p := range products {
		row := make([]Answer, p.Weights.groups)
		err = parallel(ctx, len(row), runtime.GOMAXPROCS(0), func(cell int) error {
			row[cell] = w.answer(n, cell, p.Kept, beta[n][cell])
			return nil
		})
		if err != nil {
			return nil, err
		}
		answers[n] = row
	}
	return answers, nil
}
