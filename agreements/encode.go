package agreements

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/gowebpki/jcs"
)

// MaxSize bounds drafts and envelopes, in bytes.
const MaxSize = 1 << 20

// Canonical returns the agreement's canonical JSON (RFC 8785). Times are
// written as RFC 3339 in UTC with whole seconds, and no columns as []. It is
// defined for agreements that pass Check.
func (a *Agreement) Canonical() ([]byte, error) {
	c := *a
	c.Datasets = withColumns(a.Datasets)
	c.Validity.NotBefore = c.Validity.NotBefore.UTC().Truncate(time.Second)
	c.Validity.NotAfter = c.Validity.NotAfter.UTC().Truncate(time.Second)
	raw, err := json.Marshal(&c)
	if err != nil {
		return nil, fmt.Errorf("encode agreement: %w", err)
	}
	out, err := jcs.Transform(raw)
	if err != nil {
		return nil, fmt.Errorf("encode agreement: %w", err)
	}
	return out, nil
}

// withColumns writes the absence of columns in one way: null and [] would be
// two ids of one agreement.
func withColumns(datasets []Dataset) []Dataset {
	out := slices.Clone(datasets)
	for i := range out {
		if out[i].Rules.Columns == nil {
			out[i].Rules.Columns = []Column{}
		}
	}
	return out
}

// ID is "sha256:" and the hex SHA-256 of Canonical. It does not depend on the
// signatures.
func (a *Agreement) ID() (string, error) {
	c, err := a.Canonical()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(c)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}
