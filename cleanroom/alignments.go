package cleanroom

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"parley/cleanroom/store"
	"parley/crypto/keys"
)

// alignment is a finished join of two dataset versions.
type alignment struct {
	id         string   // the session it was made in, hex
	transcript string   // hex
	total      int      // slots of both sides
	slots      []uint32 // of own units, by ordinal
}

// slotsMagic opens the plaintext of a slots file:
//
//	"parley/slots/v2\n" ‖ total (8) ‖ count (8) ‖ count × slot (4)
//
// all big-endian, the slots by ordinal of the unit, sealed as nonce (12) ‖
// AES-256-GCM under the alignment's own data key, which the state file holds
// wrapped.
const slotsMagic = "parley/slots/v2\n"

// encodeSlots appends the plaintext to b.
func encodeSlots(b []byte, a *alignment) []byte {
	b = append(b, slotsMagic...)
	b = binary.BigEndian.AppendUint64(b, uint64(a.total))
	b = binary.BigEndian.AppendUint64(b, uint64(len(a.slots)))
	for _, s := range a.slots {
		b = binary.BigEndian.AppendUint32(b, s)
	}
	return b
}

func slotsSize(a *alignment) int { return len(slotsMagic) + 16 + 4*len(a.slots) }

func decodeSlots(b []byte) (*alignment, error) {
	bad := errors.New("the stored alignment is damaged")
	if len(b) < len(slotsMagic)+16 || string(b[:len(slotsMagic)]) != slotsMagic {
		return nil, bad
	}
	b = b[len(slotsMagic):]
	total, count := binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])
	b = b[16:]
	if count > 1<<32 || uint64(len(b)) != 4*count {
		return nil, bad
	}
	a := &alignment{total: int(total), slots: make([]uint32, count)}
	for i := range a.slots {
		slot := binary.BigEndian.Uint32(b[4*i:])
		if uint64(slot) >= total {
			return nil, bad
		}
		a.slots[i] = slot
	}
	return a, nil
}

func gcm(key [32]byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// keepAlignment seals an alignment to disk and records it.
func (n *Node) keepAlignment(ctx context.Context, k store.AlignmentKey, partner string, a *alignment) error {
	var key [32]byte
	if _, err := rand.Read(key[:]); err != nil {
		return err
	}
	aead, err := gcm(key)
	if err != nil {
		return err
	}
	// Sealed in place: at ten million units a copy is 40 MB.
	b := make([]byte, aead.NonceSize(), aead.NonceSize()+slotsSize(a)+aead.Overhead())
	if _, err := rand.Read(b); err != nil {
		return err
	}
	nonce, plain := b, encodeSlots(b, a)[len(b):]
	wrapped, err := n.keys.WrapKey(ctx, key, "alignment "+a.id)
	if err != nil {
		return err
	}
	path := n.slotsPath(a.id)
	if err := writeFile(path, aead.Seal(nonce, nonce, plain, nil), 0o600); err != nil {
		return fmt.Errorf("store the alignment: %w", err)
	}
	replaced, err := n.store.PutAlignment(ctx, store.Alignment{AlignmentKey: k, Peer: partner, ID: a.id, Slots: int64(a.total),
		WrappedKey: wrapped, Path: path, TranscriptHash: a.transcript, Created: n.now()})
	for _, old := range replaced {
		if old.Path != path {
			os.Remove(old.Path) // its key went with its row
		}
	}
	return err
}

func (n *Node) slotsPath(alignment string) string { return n.home.path("alignments", alignment) }

func (n *Node) hasSlots(alignment string) bool {
	_, err := os.Stat(n.slotsPath(alignment))
	return err == nil
}

// storedAlignment returns the row of an alignment that can be used again, or
// nil. A row whose file is gone is not an alignment any more.
func (n *Node) storedAlignment(ctx context.Context, k store.AlignmentKey) (*store.Alignment, error) {
	row, err := n.store.Alignment(ctx, k)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(row.Path); err != nil {
		return nil, nil
	}
	return &row, nil
}

// loadAlignment opens a stored alignment. One that does not open is set aside,
// so that the next run makes a new one and does not fail in the same way.
func (n *Node) loadAlignment(ctx context.Context, row *store.Alignment) (*alignment, error) {
	a, err := n.openAlignment(ctx, row)
	if errors.Is(err, errAlignment) {
		err = errors.Join(err, os.Rename(row.Path, row.Path+damagedSuffix))
	}
	return a, err
}

// damagedSuffix marks a stored alignment that was set aside.
const damagedSuffix = ".damaged"

var errAlignment = errors.New("the stored alignment was changed on disk; it is set aside, and the next run aligns anew")

func (n *Node) openAlignment(ctx context.Context, row *store.Alignment) (*alignment, error) {
	key, err := n.keys.UnwrapKey(ctx, row.WrappedKey, "alignment "+row.ID)
	if errors.Is(err, keys.ErrUnwrap) {
		return nil, errAlignment
	}
	if err != nil {
		return nil, err
	}
	aead, err := gcm(key)
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(row.Path)
	if err != nil {
		return nil, err
	}
	if len(b) < aead.NonceSize() {
		return nil, errAlignment
	}
	nonce, sealed := b[:aead.NonceSize()], b[aead.NonceSize():]
	plain, err := aead.Open(sealed[:0], nonce, sealed, nil)
	if err != nil {
		return nil, errAlignment
	}
	a, err := decodeSlots(plain)
	if err != nil || int64(a.total) != row.Slots {
		return nil, errAlignment
	}
	a.id, a.transcript = row.ID, row.TranscriptHash
	return a, nil
}
