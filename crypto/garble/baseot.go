package garble

import (
	"encoding/binary"
	"io"

	"github.com/cloudflare/circl/group"
	"github.com/cloudflare/circl/ot/simot"

	"parley/crypto/wire"
	"parley/internal/weak"
)

const (
	baseOTs    = 128 // one for each column of the extension
	pointBytes = 32  // a canonical ristretto255 encoding
	// A sealed seed is a nonce, 16 bytes and a tag of AES-GCM.
	sealedSeed = 12 + 16 + 16
)

// otSeed is the result of one base transfer after hashing.
type otSeed [32]byte

// hashSeed passes what a base transfer carried through H(session, index, .).
// The transfer alone lets a party bias or relate the strings between transfers
// and sessions; their hashes are fixed to one place in one session.
func hashSeed(bound [32]byte, index int, carried []byte) otSeed {
	return wire.Sum(wire.LabelBaseOT, bound[:], binary.BigEndian.AppendUint32(nil, uint32(index)), carried)
}

// seededGroup is ristretto255 whose next random scalar comes from 64 given
// bytes: circl reads the system's randomness itself, and a run must be
// repeatable from its own seed for an audit. (The nonces of the sealed seeds
// still are the system's; they are sent in clear.)
type seededGroup struct {
	group.Group
	wide [64]byte
}

func newSeededGroup(rnd io.Reader) (*seededGroup, error) {
	g := &seededGroup{Group: group.Ristretto255}
	_, err := io.ReadFull(rnd, g.wide[:])
	return g, err
}

func (g *seededGroup) RandomNonZeroScalar(io.Reader) group.Scalar {
	for try := byte(0); ; try++ {
		s := g.HashToScalar(append(g.wide[:], try), []byte(wire.LabelBaseOT))
		if !s.IsZero() {
			return s
		}
	}
}

// readPoint accepts the canonical encoding of a point other than the identity
// (RFC 9496, section 4.3.1). The group has prime order, so there is no small
// subgroup to check for. circl decodes strictly but takes the identity, under
// which both keys of a transfer would be public.
func readPoint(b []byte) (group.Element, bool) {
	p := group.Ristretto255.NewElement()
	if len(b) != pointBytes || p.UnmarshalBinary(b) != nil {
		return nil, false
	}
	if p.IsIdentity() && !weak.Off("R44") {
		return nil, false
	}
	return p, true
}

// storePoint writes 32 bytes; ristretto255 has no encoding error.
func storePoint(dst []byte, p group.Element) error {
	b, err := p.MarshalBinary()
	copy(dst, b)
	return err
}

// baseSender is the evaluator's part: it is the receiver of the extension and
// therefore the sender of the base transfers.
type baseSender struct {
	senders [baseOTs]simot.Sender
	seeds   [baseOTs][2]otSeed
}

// newBaseSender returns the sender and its first message, the points A.
func newBaseSender(bound [32]byte, rnd io.Reader) (*baseSender, []byte, error) {
	b := &baseSender{}
	msg := make([]byte, baseOTs*pointBytes)
	for i := range b.senders {
		g, err := newSeededGroup(rnd)
		if err != nil {
			return nil, nil, err
		}
		m := make([]byte, 32)
		if _, err := io.ReadFull(rnd, m); err != nil {
			return nil, nil, err
		}
		b.seeds[i] = [2]otSeed{hashSeed(bound, i, m[:16]), hashSeed(bound, i, m[16:])}
		if err := storePoint(msg[i*pointBytes:], b.senders[i].InitSender(g, m[:16], m[16:], i)); err != nil {
			return nil, nil, err
		}
	}
	return b, msg, nil
}

// answer reads the points B and returns both sealed seeds of every transfer.
// All points are read before any is used.
func (b *baseSender) answer(points []byte) ([]byte, bool) {
	var elements [baseOTs]group.Element
	for i := range elements {
		p, ok := readPoint(points[i*pointBytes : (i+1)*pointBytes])
		if !ok {
			return nil, false
		}
		elements[i] = p
	}
	msg := make([]byte, 0, baseOTs*2*sealedSeed)
	for i := range b.senders {
		e0, e1 := b.senders[i].Round2Sender(elements[i])
		msg = append(append(msg, e0...), e1...)
	}
	return msg, true
}

// baseReceiver is the garbler's part.
type baseReceiver struct {
	receivers [baseOTs]simot.Receiver
	choices   block
}

// newBaseReceiver reads the points A and returns the points B for the choices;
// ok is false when a point is invalid.
func newBaseReceiver(choices block, points []byte, rnd io.Reader) (b *baseReceiver, msg []byte, ok bool, err error) {
	b = &baseReceiver{choices: choices}
	msg = make([]byte, baseOTs*pointBytes)
	for i := range b.receivers {
		p, ok := readPoint(points[i*pointBytes : (i+1)*pointBytes])
		if !ok {
			return nil, nil, false, nil
		}
		g, err := newSeededGroup(rnd)
		if err != nil {
			return nil, nil, false, err
		}
		q := b.receivers[i].Round1Receiver(g, int(choices.bit(i)), i, p)
		if err := storePoint(msg[i*pointBytes:], q); err != nil {
			return nil, nil, false, err
		}
	}
	return b, msg, true, nil
}

// finish opens the chosen seed of every transfer. It tries all of them before
// it reports a failure, so that a cheating sender sees only whether all opened:
// having spoilt one seed in each of c transfers it learns those c choices with
// probability 2^-c, as in the check of the extension, and else that one of them
// was the spoilt one.
func (b *baseReceiver) finish(bound [32]byte, sealed []byte) (seeds [baseOTs]otSeed, ok bool) {
	ok = true
	for i := range b.receivers {
		at := i * 2 * sealedSeed
		e0, e1 := sealed[at:at+sealedSeed], sealed[at+sealedSeed:at+2*sealedSeed]
		if b.receivers[i].Round3Receiver(e0, e1, int(b.choices.bit(i))) != nil {
			ok = false
			continue
		}
		seeds[i] = hashSeed(bound, i, b.receivers[i].Returnmc())
	}
	return seeds, ok
}
