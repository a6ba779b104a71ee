package audit

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Head is a log's signed checkpoint as somebody else holds it, with the
// cosignatures on it. Zero value: none.
type Head struct {
	Origin string
	Size   int64
	Root   tlog.Hash
	Note   []byte // the signed note
	// Witnesses are the cosigners among those asked for, in their order, with
	// the time that each stated.
	Witnesses []Witness
	// Unplaced is the number of signatures by none of the keys asked for.
	Unplaced int
}

// Witness is one cosignature that verified.
type Witness struct {
	Key  ed25519.PublicKey
	Time time.Time
}

const (
	maxNote = 4 << 10
	// cosigner is the key name under which members cosign each other's
	// checkpoints; which member it is, the key's hash says.
	cosigner = "parley/cosigner"
	// cosignatureType is the signature type of C2SP tlog-cosignature,
	// cosignature/v1.
	cosignatureType = 0x04
)

// ErrHead is returned (wrapped) for bytes that are no signed checkpoint of the
// log and key that they should be of.
var ErrHead = errors.New("not a signed checkpoint of this log")

// OpenHead verifies a signed checkpoint of the log that key signs, and which of
// the cosigners signed it too. A cosignature that is there and wrong is an
// error; one that is missing is not.
func OpenHead(signed []byte, origin string, key ed25519.PublicKey, cosigners ...ed25519.PublicKey) (Head, error) {
	if len(signed) > maxNote {
		return Head{}, fmt.Errorf("%w: longer than %d bytes", ErrHead, maxNote)
	}
	v, err := newVerifier(origin, key)
	if err != nil {
		return Head{}, fmt.Errorf("%w: %w", ErrHead, err)
	}
	verifiers := []note.Verifier{v}
	for _, c := range cosigners {
		if len(c) != ed25519.PublicKeySize {
			return Head{}, fmt.Errorf("%w: a cosigner's key is not an Ed25519 public key", ErrHead)
		}
		verifiers = append(verifiers, cosignatureVerifier(c))
	}
	n, err := note.Open(signed, note.VerifierList(verifiers...))
	if err != nil || !signedBy(n, v) {
		return Head{}, fmt.Errorf("%w: a signature is missing or wrong", ErrHead)
	}
	tree, err := openCheckpoint(signed, origin, v)
	if err != nil {
		return Head{}, fmt.Errorf("%w: %w", ErrHead, err)
	}
	h := Head{Origin: origin, Size: tree.N, Root: tree.Hash, Note: append([]byte(nil), signed...), Unplaced: len(n.UnverifiedSigs)}
	for i, c := range cosigners {
		if at, ok := stamped(n, verifiers[i+1]); ok {
			h.Witnesses = append(h.Witnesses, Witness{c, at})
		}
	}
	return h, nil
}

func signedBy(n *note.Note, v note.Verifier) bool {
	for _, s := range n.Sigs {
		if s.Name == v.Name() && s.Hash == v.KeyHash() {
			return true
		}
	}
	return false
}

// AddCosignature returns the note of a verified head with a cosignature added: the
// statement that this is the newest head of the log that the signer has seen at
// that time, and that it goes on from every one it cosigned before. Whoever
// calls has made sure of that, and keeps the head before giving the cosignature
// away.
func AddCosignature(h Head, key ed25519.PublicKey, signer Signer, at time.Time) ([]byte, error) {
	if at.Unix() < 0 {
		return nil, errors.New("cosign: the time is before 1970")
	}
	v, err := newVerifier(h.Origin, key)
	if err != nil {
		return nil, err
	}
	n, err := note.Open(h.Note, note.VerifierList(v))
	if err != nil {
		return nil, fmt.Errorf("%w: a signature is missing or wrong", ErrHead)
	}
	n.Sigs = append(n.Sigs, n.UnverifiedSigs...)
	n.UnverifiedSigs = nil
	return note.Sign(n, cosignatureSigner{cosignatureVerifier(signer.Public()), signer, at})
}

// cosignatureVerifier verifies cosignature/v1.
type cosignatureVerifier ed25519.PublicKey

func (cosignatureVerifier) Name() string { return cosigner }

func (v cosignatureVerifier) KeyHash() uint32 {
	h := sha256.New()
	h.Write([]byte(cosigner + "\n"))
	h.Write([]byte{cosignatureType})
	h.Write(v)
	return binary.BigEndian.Uint32(h.Sum(nil))
}

func (v cosignatureVerifier) Verify(text, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	at := binary.BigEndian.Uint64(sig)
	return at < 1<<62 && ed25519.Verify(ed25519.PublicKey(v), cosigned(at, text), sig[8:])
}

// cosigned is what a cosignature signs.
func cosigned(at uint64, text []byte) []byte {
	return append(fmt.Appendf(nil, "cosignature/v1\ntime %d\n", at), text...)
}

type cosignatureSigner struct {
	cosignatureVerifier
	signer Signer
	at     time.Time
}

func (s cosignatureSigner) Sign(text []byte) ([]byte, error) {
	at := uint64(s.at.Unix())
	sig, err := s.signer.Sign(cosigned(at, text))
	return append(binary.BigEndian.AppendUint64(nil, at), sig...), err
}

// stamped is the time of a verified cosignature.
func stamped(n *note.Note, v note.Verifier) (time.Time, bool) {
	for _, s := range n.Sigs {
		if s.Name != v.Name() || s.Hash != v.KeyHash() {
			continue
		}
		raw, ok := rawSignature(s)
		if !ok || len(raw) < 8 {
			return time.Time{}, false
		}
		return time.Unix(int64(binary.BigEndian.Uint64(raw)), 0).UTC(), true
	}
	return time.Time{}, false
}

// maxProof bounds a proof: a tree of 2^63 leaves needs fewer hashes.
const maxProof = 128

// Continues checks that a log of the newer head has the older one as its
// beginning. Root is the root that the log itself gives for the older size;
// where it is not the older head's and yet proven, the log was forked, and
// forked is true.
func Continues(older, newer Head, root tlog.Hash, proof []tlog.Hash) (ok, forked bool) {
	switch {
	case older.Size == 0:
		return true, false
	case older.Size > newer.Size || len(proof) > maxProof:
		return false, false
	case older.Size == newer.Size:
		return older.Root == newer.Root, older.Root != newer.Root
	}
	if tlog.CheckTree(proof, newer.Size, newer.Root, older.Size, root) != nil {
		return false, false
	}
	return root == older.Root, root != older.Root
}

// RootAt is the root of the log when it had size entries.
func (l *Log) RootAt(size int64) (tlog.Hash, error) {
	now, root := l.Tree()
	if size == now {
		return root, nil
	}
	if size < 0 || size > now {
		return tlog.Hash{}, fmt.Errorf("audit log: it has %d entries", now)
	}
	return tlog.TreeHash(size, l.hashes())
}

// Line returns an entry as it stands in the file, checked against the signed
// tree.
func (l *Log) Line(index int64) ([]byte, error) {
	want, err := l.leaves(index, index+1)
	if err != nil {
		return nil, err
	}
	lines, err := readLines(l.disk, index/width)
	if err != nil {
		return nil, fmt.Errorf("audit log: %w", err)
	}
	if k := index % width; k >= int64(len(lines)) || tlog.RecordHash(lines[k]) != want[0] {
		return nil, &Damage{Kind: ErrFlipped, Index: index, File: bundleName(index / width)}
	}
	return lines[index%width], nil
}

// Own is the head of the log itself, as last signed.
func (l *Log) Own() (Head, error) {
	return OpenHead(l.Checkpoint(), l.origin, l.signer.(noteSigner).signer.Public())
}

// Record shows an entry under the checkpoint in force.
func (l *Log) Record(member string, index int64) (BundleRecord, error) {
	r := BundleRecord{Member: member, Index: index}
	h, err := l.Own()
	if err != nil {
		return r, err
	}
	line, err := l.Line(index)
	if err != nil {
		return r, err
	}
	proof, err := l.Inclusion(h.Size, index)
	if err != nil {
		return r, err
	}
	r.Entry, r.Proof, r.Checkpoint = string(line), EncodeHashes(proof), string(h.Note)
	return r, nil
}

// rawSignature is a note signature's bytes after the key's hash.
func rawSignature(s note.Signature) ([]byte, bool) {
	b, err := base64.StdEncoding.DecodeString(s.Base64)
	if err != nil || len(b) < 4 {
		return nil, false
	}
	return b[4:], true
}
