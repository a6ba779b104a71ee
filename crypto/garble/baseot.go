package garble

import (
	"encoding/binary"
	"io"
	"slices"

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
func hashSeed(bound [32]byte, index int, carried seed) otSeed {
	return wire.Sum(wire.LabelBaseOT, bound[:], binary.BigEndian.AppendUint32(nil, uint32(index)), carried[:])
}

// pairs are both seeds of every transfer, for one run: the evaluator's.
type pairs [baseOTs][2]otSeed

// chosen are the seeds the garbler chose, for one run.
type chosen struct {
	choices block
	seeds   [baseOTs]otSeed
}

// seededGroup is ristretto255 whose next random scalar comes from 64 given
// bytes: circl reads the system's randomness itself, and a run must be
// repeatable from its own seed for an audit. (The nonces of the sealed seeds
// still are the system's; they are sent in clear.)
type seededGroup struct {
	group.Group
	wide [64]byte
}

func newSeededGroup(wide [64]byte) *seededGroup {
	return &seededGroup{Group: group.Ristretto255, wide: wide}
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
func storePoint(dst []byte, p group.Element) {
	b, err := p.MarshalBinary()
	if err != nil {
		panic("garble: encode a point: " + err.Error())
	}
	copy(dst, b)
}

// readPoints reads all points of a message before any is used.
func readPoints(msg []byte) (*[baseOTs]group.Element, bool) {
	var points [baseOTs]group.Element
	forTransfers(func(i int) { points[i], _ = readPoint(msg[i*pointBytes : (i+1)*pointBytes]) })
	for _, p := range points {
		if p == nil {
			return nil, false
		}
	}
	return &points, true
}

// baseSender is the evaluator's part: it is the receiver of the extension and
// therefore the sender of the base transfers.
type baseSender struct {
	senders [baseOTs]simot.Sender
	strings [baseOTs][2]seed
}

// newBaseSender returns the sender and its first message, the points A.
func newBaseSender(rnd io.Reader) (*baseSender, []byte, error) {
	var random [baseOTs]struct {
		Wide    [64]byte
		Strings [2]seed
	}
	if err := binary.Read(rnd, binary.LittleEndian, &random); err != nil {
		return nil, nil, err
	}
	b := &baseSender{}
	msg := make([]byte, pointsBytes)
	forTransfers(func(i int) {
		b.strings[i] = random[i].Strings
		g := newSeededGroup(random[i].Wide)
		storePoint(msg[i*pointBytes:], b.senders[i].InitSender(g, b.strings[i][0][:], b.strings[i][1][:], i))
	})
	return b, msg, nil
}

// answer reads the points B and returns both sealed seeds of every transfer.
func (b *baseSender) answer(msg []byte) ([]byte, bool) {
	points, ok := readPoints(msg)
	if !ok {
		return nil, false
	}
	sealed := make([]byte, sealedBytes)
	forTransfers(func(i int) {
		e0, e1 := b.senders[i].Round2Sender(points[i])
		copy(sealed[2*i*sealedSeed:], e0)
		copy(sealed[(2*i+1)*sealedSeed:], e1)
	})
	return sealed, true
}

// baseReceiver is the garbler's part.
type baseReceiver struct {
	receivers [baseOTs]simot.Receiver
	choices   block
}

// newBaseReceiver reads the points A and returns the points B for the choices;
// ok is false when a point is invalid.
func newBaseReceiver(choices block, msg []byte, rnd io.Reader) (b *baseReceiver, answer []byte, ok bool, err error) {
	var wide [baseOTs][64]byte
	if err := binary.Read(rnd, binary.LittleEndian, &wide); err != nil {
		return nil, nil, false, err
	}
	points, ok := readPoints(msg)
	if !ok {
		return nil, nil, false, nil
	}
	b = &baseReceiver{choices: choices}
	answer = make([]byte, pointsBytes)
	forTransfers(func(i int) {
		g := newSeededGroup(wide[i])
		storePoint(answer[i*pointBytes:], b.receivers[i].Round1Receiver(g, int(choices.bit(i)), i, points[i]))
	})
	return b, answer, true, nil
}

// finish opens the chosen string of every transfer. It tries all of them
// before it reports a failure, so that a cheating sender sees only whether all
// opened: having spoilt one string in each of c transfers it learns those c
// choices with probability 2^-c, as in the check of the extension, and else
// that one of them was the spoilt one.
func (b *baseReceiver) finish(sealed []byte) (strings [baseOTs]seed, ok bool) {
	var opened [baseOTs]bool
	forTransfers(func(i int) {
		at := i * 2 * sealedSeed
		e0, e1 := sealed[at:at+sealedSeed], sealed[at+sealedSeed:at+2*sealedSeed]
		if b.receivers[i].Round3Receiver(e0, e1, int(b.choices.bit(i))) == nil {
			strings[i], opened[i] = seed(b.receivers[i].Returnmc()), true
		}
	})
	return strings, !slices.Contains(opened[:], false)
}
