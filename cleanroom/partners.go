package cleanroom

import (
	"sync"
	"time"

	"parley/cleanroom/store"
)

// partners remembers which TLS keys the stored agreements name, and until
// when. It is asked in every handshake, before the caller has proved to hold
// the key, so that it must not cost a stranger's knock a look at every
// agreement.
type partners struct {
	mu    sync.Mutex
	until map[string]time.Time // fingerprint -> end of the last agreement; nil: not known yet
}

// forget makes the next question look at the agreements again.
func (p *partners) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until = nil
}

// Known implements peer.Service. It only lets a caller through the door: what
// it may do there is decided call by call.
func (n *Node) Known(fingerprint string) bool {
	n.partners.mu.Lock()
	defer n.partners.mu.Unlock()
	if n.partners.until == nil {
		all, err := n.Collaborations(n.life)
		if err != nil {
			return false
		}
		n.partners.until = map[string]time.Time{}
		for _, c := range all {
			if c.State != store.AgreementActive {
				continue
			}
			for _, m := range c.Agreement.Members {
				if end := c.Agreement.Validity.NotAfter; end.After(n.partners.until[m.TLSFingerprint]) {
					n.partners.until[m.TLSFingerprint] = end
				}
			}
		}
	}
	return n.now().Before(n.partners.until[fingerprint])
}
