package audit

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"parley/agreements"
)

// Actions of the entries that a receipt shows.
const (
	ReleaseAction = "run.release" // of the receiver, and of an owner who answered alone
	CosignAction  = "run.cosign"  // of the other owner of a join
)

// BundleRecord shows that a party's audit log has the entry of its part in the
// run: the entry, the proof that it is under a checkpoint, and the checkpoint
// with the cosignatures of those who keep it too.
type BundleRecord struct {
	Member     string   `json:"member"`
	Index      int64    `json:"index"`
	Entry      string   `json:"entry"` // the line of the log
	Proof      []string `json:"proof"` // RFC 6962, section 2.1.1; hashes in base64
	Checkpoint string   `json:"checkpoint"`
}

// Recorded is a record that verified.
type Recorded struct {
	Member string
	Head   Head
	Index  int64
	Time   time.Time // of the entry
	// Witnesses are the other parties that countersigned the checkpoint.
	Witnesses []string
}

// PayloadHash is what the entries of a run say of its receipt.
func PayloadHash(payload []byte) string {
	sum := sha256.Sum256(payload)
	return hex.EncodeToString(sum[:])
}

// verifyRecords wants one record of each party and no other.
func verifyRecords(records []BundleRecord, payload []byte, r *Receipt, a *agreements.Agreement, origin string) ([]Recorded, error) {
	if len(records) != len(r.Parties) {
		return nil, errors.New("the receipt file has not one record of each party's audit log")
	}
	keys := map[string]ed25519.PublicKey{}
	for _, p := range r.Parties {
		key, err := a.Member(p.Member).Key() // verifyParties found it
		if err != nil {
			return nil, err
		}
		keys[p.Member] = key
	}
	var out []Recorded
	for i, p := range r.Parties {
		if records[i].Member != p.Member {
			return nil, errors.New("the records are not in the order of the parties")
		}
		got, err := verifyRecord(records[i], payload, r, keys, origin)
		if err != nil {
			return nil, fmt.Errorf("the record of %s: %w", p.Member, err)
		}
		out = append(out, *got)
	}
	return out, nil
}

func verifyRecord(rec BundleRecord, payload []byte, r *Receipt, keys map[string]ed25519.PublicKey, origin string) (*Recorded, error) {
	var others []string
	var cosigners []ed25519.PublicKey
	for _, p := range r.Parties {
		if p.Member != rec.Member {
			others, cosigners = append(others, p.Member), append(cosigners, keys[p.Member])
		}
	}
	h, err := OpenHead([]byte(rec.Checkpoint), origin, keys[rec.Member], cosigners...)
	if err != nil {
		return nil, err
	}
	if h.Unplaced > 0 {
		return nil, errors.New("its checkpoint has a signature of none of the parties")
	}
	if err := CheckRecord(rec.Index, []byte(rec.Entry), rec.Proof, h); err != nil {
		return nil, err
	}
	e, err := entryOf(rec, payload, r)
	if err != nil {
		return nil, err
	}
	out := &Recorded{Member: rec.Member, Head: h, Index: rec.Index, Time: e.Time}
	for _, w := range h.Witnesses {
		at := slices.IndexFunc(cosigners, func(k ed25519.PublicKey) bool { return k.Equal(w.Key) })
		out.Witnesses = append(out.Witnesses, others[at])
	}
	return out, nil
}

// CheckRecord checks that an entry is under a head, in its place.
func CheckRecord(index int64, line []byte, proof []string, h Head) error {
	hashes, err := DecodeHashes(proof)
	if err != nil {
		return err
	}
	if index < 0 || index >= h.Size || tlog.CheckRecord(hashes, h.Size, h.Root, index, tlog.RecordHash(line)) != nil {
		return errors.New("its entry is not under its checkpoint")
	}
	return nil
}

// entryOf reads the entry and checks that it is about this run and receipt.
func entryOf(rec BundleRecord, payload []byte, r *Receipt) (*Entry, error) {
	index, e, err := decode([]byte(rec.Entry))
	if err != nil {
		return nil, errors.New("its entry is not one of an audit log")
	}
	action := e.Action == ReleaseAction || r.joins() && rec.Member != r.Receiver && e.Action == CosignAction
	if index != rec.Index || !action || e.Outcome != OK || e.Run != r.Run || e.Agreement != r.Agreement ||
		e.Detail["receiptHash"] != PayloadHash(payload) {
		return nil, errors.New("its entry is not about this receipt")
	}
	return &e, nil
}
