package cleanroom

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"parley/agreements"
	"parley/cleanroom/peer"
)

const (
	// reverseConns is how many connections a dial-only node keeps open to each
	// reachable partner: one serves, the other is there at once when it is cut.
	reverseConns = 2
	// Waits before a connection that failed is dialled again. The first is
	// short, since the partner of a run waits for no longer than its patience.
	reachFirst = 100 * time.Millisecond
	reachLast  = 5 * time.Second
	// reachLook is how often the list of partners is looked at without a reason:
	// agreements begin and end by the clock.
	reachLook = time.Minute
)

// reach has a dial-only node keep connections open to its reachable partners.
type reach struct {
	once   sync.Once
	change chan struct{} // holds one token: the list of partners may have changed
}

func (r *reach) changes() chan struct{} {
	r.once.Do(func() { r.change = make(chan struct{}, 1) })
	return r.change
}

// kick has the list looked at now.
func (r *reach) kick() {
	select {
	case r.changes() <- struct{}{}:
	default:
	}
}

// keepReach keeps the connections until the node closes. A partner that is not
// dialled any more, or at another address, has its connections closed.
func (n *Node) keepReach(s *peer.Server) {
	type keeper struct {
		stop context.CancelFunc
		card agreements.Member
	}
	keepers := map[string]keeper{} // by fingerprint
	var work sync.WaitGroup
	defer work.Wait()
	look := time.NewTicker(reachLook)
	defer look.Stop()
	for {
		want, err := n.reachable(n.life)
		if err != nil && n.life.Err() == nil {
			n.log.Error("whom to dial", "error", err)
		}
		for key, k := range keepers {
			if m, ok := want[key]; err == nil && (!ok || m != k.card) {
				k.stop()
				delete(keepers, key)
			}
		}
		for key, m := range want {
			if _, ok := keepers[key]; ok {
				continue
			}
			ctx, stop := context.WithCancel(n.life)
			keepers[key] = keeper{stop, m}
			for range reverseConns {
				work.Add(1)
				go func() { defer work.Done(); n.keepOne(ctx, s, m) }()
			}
		}
		select {
		case <-n.life.Done():
			for _, k := range keepers {
				k.stop()
			}
			return
		case <-n.reach.changes():
		case <-look.C:
		}
	}
}

// keepOne keeps one connection open.
func (n *Node) keepOne(ctx context.Context, s *peer.Server, m agreements.Member) {
	cfg := n.dialling(&m)
	wait, said := reachFirst, ""
	for {
		err := s.ServeReverse(ctx, cfg, func() {
			wait, said = reachFirst, ""
			n.log.Info("connected to a partner that calls back over this connection", "partner", m.Name)
		})
		if ctx.Err() != nil {
			return
		}
		if text := logged(err); text != said { // said once, not every five seconds
			said = text
			n.log.Warn("no connection to a partner", "partner", m.Name, "error", text)
		}
		pause := wait + rand.N(wait/2) // so that many nodes do not come back at once
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
		wait = min(2*wait, reachLast)
	}
}

// reachable are the nodes that this one has to dial because they cannot dial
// it, by TLS fingerprint: confirmed partners, and members of agreements in
// force in which this node has no address.
func (n *Node) reachable(ctx context.Context) (map[string]agreements.Member, error) {
	want := map[string]agreements.Member{}
	all, err := n.Collaborations(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		me := c.Agreement.Member(n.cfg.Org)
		if v := c.Agreement.Validity; !admits(c.State) || me == nil || me.Address != "" || n.now().Before(v.NotBefore) || !n.now().Before(v.NotAfter) {
			continue
		}
		for _, m := range c.Agreement.Members {
			if _, newer := want[m.TLSFingerprint]; !newer && m.Name != n.cfg.Org && m.Address != "" {
				want[m.TLSFingerprint] = m
			}
		}
	}
	if n.cfg.Address != "" {
		return want, nil
	}
	list, err := n.store.Partners(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range list {
		card, err := cardOf(p)
		if err != nil {
			return nil, err
		}
		if !p.Confirmed.IsZero() && card.Address != "" {
			want[p.Fingerprint] = *card
		}
	}
	return want, nil
}

// ErrNoWay is returned when neither of two nodes can dial the other.
var ErrNoWay = errors.New("neither node has an address that the other could dial, so they cannot talk to each other; one of the two has to be reachable (`address` and `listen` in parley.yaml)")

// dialling is how a member's node is dialled, pinned by its card.
func (n *Node) dialling(m *agreements.Member) peer.ClientConfig {
	return peer.ClientConfig{Member: m.Name, Address: m.Address, Fingerprint: m.TLSFingerprint,
		Certificate: n.cert, AllowLoopback: n.cfg.AllowLoopbackPeers, Now: n.now, Patience: n.cfg.PeerPatience}
}

// serving is the running peer door, or nil.
func (n *Node) serving() *peer.Server {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.server
}
