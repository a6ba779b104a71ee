package audit

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const checkpointName = "checkpoint"

// Signer signs with a node's Ed25519 identity key.
type Signer interface {
	Public() ed25519.PublicKey
	Sign(message []byte) ([]byte, error)
}

// noteSigner signs checkpoints under the log's origin as key name.
type noteSigner struct {
	note.Verifier
	signer Signer
}

func (s noteSigner) Sign(msg []byte) ([]byte, error) { return s.signer.Sign(msg) }

func newVerifier(origin string, key ed25519.PublicKey) (note.Verifier, error) {
	if len(key) != ed25519.PublicKeySize {
		return nil, errors.New("the identity key is not an Ed25519 public key")
	}
	vkey, err := note.NewEd25519VerifierKey(origin, key)
	if err != nil {
		return nil, err
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, errors.New("the log's origin must be without spaces and plus signs")
	}
	return v, nil
}

// signCheckpoint returns the signed note of a tree head.
func signCheckpoint(origin string, s note.Signer, size int64, root tlog.Hash) ([]byte, error) {
	return note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%d\n%s\n", origin, size, root)}, s)
}

// openCheckpoint verifies a signed note and returns its tree head.
func openCheckpoint(b []byte, origin string, v note.Verifier) (tlog.Tree, error) {
	n, err := note.Open(b, note.VerifierList(v))
	if err != nil {
		return tlog.Tree{}, errors.New("the checkpoint is not signed by this node's key")
	}
	f := strings.Split(n.Text, "\n")
	if len(f) != 4 || f[0] != origin || f[3] != "" {
		return tlog.Tree{}, errors.New("the checkpoint is not one of this log")
	}
	size, err := strconv.ParseInt(f[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != f[1] {
		return tlog.Tree{}, errors.New("the checkpoint's size is malformed")
	}
	root, err := base64.StdEncoding.Strict().DecodeString(f[2])
	if err != nil || len(root) != hashSize {
		return tlog.Tree{}, errors.New("the checkpoint's root is malformed")
	}
	return tlog.Tree{N: size, Hash: tlog.Hash(root)}, nil
}

// originOf is the first line of a checkpoint, which names its log.
func originOf(b []byte) string {
	line, _, _ := bytes.Cut(b, []byte("\n"))
	return string(line)
}
