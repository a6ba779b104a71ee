package audit

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// ForkFormat is the value of Fork.Format that this version reads.
const ForkFormat = "parley.fork/v1"

// maxFork bounds the file that VerifyFork takes, in bytes.
const maxFork = 64 << 10

// Fork is a file that anyone can check: two checkpoints that one member signed
// and that do not belong to one log.
type Fork struct {
	Format string `json:"format"`
	Member string `json:"member"` // as the node that keeps the file knows it
	Key    string `json:"key"`    // the member's identity key, base64
	Origin string `json:"origin"`
	First  string `json:"first"`  // signed note, with the cosignature of who keeps it
	Second string `json:"second"` // signed note
	// Root is the root at the first checkpoint's size in the log of the second,
	// base64, and Proof (RFC 6962, section 2.1.2) shows it. Both are empty for
	// checkpoints of one size, and where the member showed no proof.
	Root  string   `json:"root"`
	Proof []string `json:"proof"`
}

// Encode returns the file's bytes.
func (f Fork) Encode() ([]byte, error) {
	f.Format = ForkFormat
	if f.Proof == nil {
		f.Proof = []string{}
	}
	return canonical(f)
}

// EncodeHashes and DecodeHashes are proofs as they stand in files.
func EncodeHashes(p []tlog.Hash) []string {
	out := make([]string, len(p))
	for i, h := range p {
		out[i] = h.String()
	}
	return out
}

// DecodeHashes is the inverse of EncodeHashes, of at most 128 hashes.
func DecodeHashes(in []string) ([]tlog.Hash, error) {
	if len(in) > maxProof {
		return nil, errors.New("the proof is too long")
	}
	out := make([]tlog.Hash, len(in))
	for i, s := range in {
		b, err := base64.StdEncoding.Strict().DecodeString(s)
		if err != nil || len(b) != hashSize {
			return nil, errors.New("the proof holds something else than hashes")
		}
		out[i] = tlog.Hash(b)
	}
	return out, nil
}

// Forked is what VerifyFork made sure of.
type Forked struct {
	Member        string
	Key           ed25519.PublicKey
	First, Second Head
	// Proven: no log can have both as its past. Otherwise the two are genuine,
	// and the member did not show that they belong to one log.
	Proven bool
}

// IsFork reports whether a file says that it is one of VerifyFork's.
func IsFork(b []byte) bool {
	return len(b) <= maxFork && strings.Contains(string(b), `"format"`) && strings.Contains(string(b), ForkFormat)
}

// VerifyFork checks a file of two checkpoints that do not fit together, with
// nothing but the file.
func VerifyFork(b []byte) (*Forked, error) {
	if len(b) > maxFork {
		return nil, errors.New("the file is too large")
	}
	var f Fork
	if err := strict(b, &f); err != nil {
		return nil, fmt.Errorf("the file %w", err)
	}
	if f.Format != ForkFormat {
		return nil, errors.New("the file is not of a format this version reads")
	}
	key, err := base64.StdEncoding.Strict().DecodeString(f.Key)
	if err != nil || len(key) != ed25519.PublicKeySize || !plain(f.Member) || f.Member == "" {
		return nil, errors.New("the member's name or key is malformed")
	}
	out := &Forked{Member: f.Member, Key: key}
	if out.First, err = OpenHead([]byte(f.First), f.Origin, key); err != nil {
		return nil, fmt.Errorf("the first checkpoint: %w", err)
	}
	if out.Second, err = OpenHead([]byte(f.Second), f.Origin, key); err != nil {
		return nil, fmt.Errorf("the second checkpoint: %w", err)
	}
	proof, err := DecodeHashes(f.Proof)
	if err != nil {
		return nil, err
	}
	var root tlog.Hash
	if f.Root != "" {
		r, err := DecodeHashes([]string{f.Root})
		if err != nil {
			return nil, err
		}
		root = r[0]
	}
	older, newer := out.First, out.Second
	if older.Size > newer.Size {
		older, newer = newer, older
	}
	ok, forked := Continues(older, newer, root, proof)
	if ok {
		return nil, errors.New("the two checkpoints belong to one log")
	}
	out.Proven = forked
	return out, nil
}

// Text says what was verified, for people.
func (f *Forked) Text() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("Two checkpoints of the log of %s", f.Member)
	line("")
	for _, h := range []Head{f.First, f.Second} {
		line("  %d entries, root %s", h.Size, h.Root)
	}
	line("")
	line("Verified")
	line("  ✓ both are signed by the key %s", base64.StdEncoding.EncodeToString(f.Key))
	if f.Proven {
		line("  ✓ no log can have both as its past: the log was rewritten, or two copies of the node ran at once")
	} else {
		line("")
		line("Not verified")
		line("  – that no log can have both as its past: %s did not show that they belong to one, and a proof of it would settle the matter", f.Member)
	}
	return b.String()
}
