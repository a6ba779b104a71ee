package garble

import (
	"context"
	"encoding/binary"
	"sync"

	"parley/crypto/wire"
)

// Base keeps the base transfers between this node and one peer from one run to
// the next, because making them takes longer than a small answer. The zero
// value keeps nothing yet. It holds both roles, the evaluator's and the
// garbler's, apart from each other, and is safe for concurrent use.
//
// One Base belongs to one authenticated peer and lives in memory alone. No
// string in it is used twice: a run takes the base out and, if it ends well,
// puts the next one back, all of whose strings are hashes of the old ones. A
// run that fails or is cut short puts nothing back, on either side that saw
// it, so what a cheating peer has learnt of the garbler's choices ends with
// the run in which it is caught.
type Base struct {
	mu   sync.Mutex
	sent *sentBase     // as evaluator, the sender of the base transfers; mu
	got  *receivedBase // as garbler, their receiver; mu
}

// maxRuns is how many runs one set of base transfers serves: the garbler's
// choices stay the same over all of them.
const maxRuns = 1000

// baseID names a base among those of two nodes. It is no secret: a hash of the
// session that made it and of the points exchanged, not of the sealed seeds,
// whose nonces an auditor could not make again.
type baseID [16]byte

// noBase is sent by a side that keeps none.
var noBase baseID

// origin is what both sides know about a base.
type origin struct {
	id   baseID
	runs int // that it has served
}

func newOrigin(bound [32]byte, a, b []byte) origin {
	d := wire.Sum(wire.LabelBaseID, bound[:], a, b)
	return origin{id: baseID(d[:16])}
}

func (o origin) next() origin {
	d := wire.Sum(wire.LabelBaseID, o.id[:])
	return origin{id: baseID(d[:16]), runs: o.runs + 1}
}

// nextString makes one of the strings of the next base. It tells nothing about
// the one before it.
func (o origin) nextString(index int, s seed) seed {
	d := wire.Sum(wire.LabelBaseNext, o.id[:], binary.BigEndian.AppendUint32(nil, uint32(index)), s[:])
	return seed(d[:16])
}

// sentBase is what the sender of base transfers holds: both strings of each.
type sentBase struct {
	origin
	strings [baseOTs][2]seed
}

// pairs derives the seeds of one run.
func (b *sentBase) pairs(bound [32]byte) (p pairs) {
	for i, s := range b.strings {
		p[i] = [2]otSeed{hashSeed(bound, i, s[0]), hashSeed(bound, i, s[1])}
	}
	return p
}

func (b *sentBase) next() *sentBase {
	n := &sentBase{origin: b.origin.next()}
	for i, s := range b.strings {
		n.strings[i] = [2]seed{b.nextString(i, s[0]), b.nextString(i, s[1])}
	}
	return n
}

// receivedBase is what their receiver holds: its choices and the string chosen
// of each.
type receivedBase struct {
	origin
	choices block
	strings [baseOTs]seed
}

// chosen derives the seeds of one run.
func (b *receivedBase) chosen(bound [32]byte) *chosen {
	c := &chosen{choices: b.choices}
	for i, s := range b.strings {
		c.seeds[i] = hashSeed(bound, i, s)
	}
	return c
}

func (b *receivedBase) next() *receivedBase {
	n := &receivedBase{origin: b.origin.next(), choices: b.choices}
	for i, s := range b.strings {
		n.strings[i] = b.nextString(i, s)
	}
	return n
}

// takeSent returns nil when nothing is kept; so does a nil Base.
func (b *Base) takeSent() (s *sentBase) {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	s, b.sent = b.sent, nil
	return s
}

func (b *Base) takeReceived() (r *receivedBase) {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	r, b.got = b.got, nil
	return r
}

func (b *Base) keepSent(used *sentBase) {
	if b == nil || used.runs+1 >= maxRuns {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sent = used.next()
}

func (b *Base) keepReceived(used *receivedBase) {
	if b == nil || used.runs+1 >= maxRuns {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got = used.next()
}

// agree exchanges ids and says whether both sides keep the same base. Each
// then shows that it has seen the same two ids: otherwise a changed message
// could leave the sides waiting for each other, one with its base and one for
// a new one.
func agree(ctx context.Context, p wire.Pipe, own baseID, evaluates bool) (kept bool, err error) {
	var theirs, shown baseID
	if err := swap(ctx, p, stepBase, own[:], theirs[:]); err != nil {
		return false, err
	}
	evaluator, garbler := own, theirs
	if !evaluates {
		evaluator, garbler = theirs, own
	}
	seen := wire.Sum(wire.LabelBaseAgreed, evaluator[:], garbler[:])
	if err := swap(ctx, p, stepAgreed, seen[:len(shown)], shown[:]); err != nil {
		return false, err
	}
	if shown != baseID(seen[:len(shown)]) {
		return false, errBase
	}
	return own == theirs && own != noBase, nil
}

// swap sends one message and receives the peer's of the same size.
func swap(ctx context.Context, p wire.Pipe, step wire.Step, own, theirs []byte) error {
	if err := wire.SendBytes(ctx, p, step, own); err != nil {
		return err
	}
	return receive(ctx, p, step, theirs)
}
