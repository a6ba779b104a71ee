package cleanroom

import (
	"sync"

	"parley/crypto/garble"
)

// baseTransfers keeps what the garbled release needs of one run for the next
// with the same partner, while this process lives: making it anew takes longer
// than a small answer. It is never written to disk.
//
// A partner is its TLS key, the one its messages are authenticated by, so that
// nobody else is ever answered with what was made with it, whatever name an
// agreement gives it.
type baseTransfers struct {
	mu sync.Mutex
	of map[string]*garble.Base // TLS fingerprint -> base; mu
}

func (b *baseTransfers) with(fingerprint string) *garble.Base {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.of == nil {
		b.of = map[string]*garble.Base{}
	}
	if b.of[fingerprint] == nil {
		b.of[fingerprint] = new(garble.Base)
	}
	return b.of[fingerprint]
}
