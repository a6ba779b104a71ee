package cleanroom

import (
	"context"
	"fmt"
	"regexp"
	"strconv"

	"parley/analysis/plan"
	"parley/cleanroom/peer"
	"parley/cleanroom/store"
	"parley/crypto/align"
	"parley/crypto/wire"
)

// side is what this node tells its partner about its dataset.
func (n *Node) side(ctx context.Context, ad *admitted, l plan.Local) (peer.Side, error) {
	row := ad.own[l.Dataset]
	digest, err := n.normaliser(ctx, ad.agreement.Dataset(l.Dataset).Rules.Unit)
	return peer.Side{Dataset: l.Dataset, Version: row.Version, Units: row.Units, Normaliser: digest}, err
}

// versionPattern is what a dataset version looks like. A partner's is written
// into receipts and the state file.
var versionPattern = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// checkSide judges what the partner said about its dataset.
func checkSide(ad *admitted, l plan.Local, own, theirs *peer.Side) error {
	switch {
	case theirs == nil || theirs.Dataset != l.Dataset:
		return errUnexpectedAnswer
	case !versionPattern.MatchString(theirs.Version) || theirs.Units < 0 || theirs.Units > 1<<28:
		return errUnexpectedAnswer
	case theirs.Normaliser != own.Normaliser:
		return ErrNormaliser
	case theirs.Units < ad.leastUnits(l.Dataset):
		return fmt.Errorf("%w: %q of %s", ErrTooFewUnits, l.Dataset, l.Member)
	}
	return nil
}

// roleC: the smaller set is side C of the alignment; ties go by dataset name.
func (j *joint) roleC() bool {
	if j.own.Units != j.theirs.Units {
		return j.own.Units < j.theirs.Units
	}
	return j.own.Dataset < j.theirs.Dataset
}

func (j *joint) alignmentKey() store.AlignmentKey {
	role := "P"
	if j.roleC() {
		role = "C"
	}
	return store.AlignmentKey{Agreement: j.run.admitted.id, OwnDataset: j.own.Dataset, OwnVersion: j.own.Version,
		PeerDataset: j.theirs.Dataset, PeerVersion: j.theirs.Version, OwnRole: role}
}

// session is the id that every message of a protocol part is bound to. It
// covers what both sides must agree on; a difference in any of it gives
// different ids, and the nodes do not understand each other.
func (j *joint) session(part string) [32]byte {
	parts := [][]byte{[]byte(peer.Protocol), []byte(part), []byte(j.run.admitted.id), []byte(j.run.ID),
		[]byte(j.askerNonce), []byte(j.otherNonce)}
	parts = append(parts, j.sides()...)
	return wire.Sum(wire.LabelSession, append(parts, j.run.admitted.compiled.Hash[:])...)
}

// terms covers what an alignment rests on, whichever run begins it or takes it
// up: a run whose terms differ in anything begins a new one.
func (j *joint) terms() [32]byte {
	parts := [][]byte{[]byte(peer.Protocol), []byte(j.run.admitted.id), []byte(j.partner.TLSFingerprint)}
	return wire.Sum(wire.LabelAlignTerms, append(parts, j.sides()...)...)
}

// sides is what both nodes must hold alike about the two datasets.
func (j *joint) sides() [][]byte {
	c, p := j.own, j.theirs
	if !j.roleC() {
		c, p = p, c
	}
	pad := align.DefaultPadding()
	return [][]byte{[]byte(c.Dataset), []byte(c.Version), []byte(strconv.FormatInt(c.Units, 10)),
		[]byte(p.Dataset), []byte(p.Version), []byte(strconv.FormatInt(p.Units, 10)),
		[]byte(c.Normaliser), []byte(fmt.Sprint(pad.T, pad.Epsilon))}
}
