package cleanroom

import (
	"context"

	"parley/agreements"
	"parley/cleanroom/audit"
	"parley/cleanroom/peer"
	"parley/cleanroom/store"
	"parley/internal/weak"
)

// othersWith are the members other than the two of agreements in force that name
// both this node and m: of them, the two may tell each other what they hold.
func (n *Node) othersWith(ctx context.Context, m *agreements.Member) ([]*agreements.Member, error) {
	all, err := n.Collaborations(ctx)
	if err != nil {
		return nil, err
	}
	var out []*agreements.Member
	seen := map[string]bool{m.IdentityKey: true, keyText(n.keys.Identity()): true}
	for _, c := range all {
		if v := c.Agreement.Validity; !admits(c.State) || n.now().Before(v.NotBefore) || !n.now().Before(v.NotAfter) {
			continue
		}
		named := false
		for i := range c.Agreement.Members {
			named = named || c.Agreement.Members[i].IdentityKey == m.IdentityKey
		}
		for i := range c.Agreement.Members {
			if x := &c.Agreement.Members[i]; named && !seen[x.IdentityKey] {
				seen[x.IdentityKey] = true
				out = append(out, x)
			}
		}
	}
	return out, nil
}

// tellAbout is what this node tells a partner about third members' logs.
func (n *Node) tellAbout(ctx context.Context, m *agreements.Member) ([]peer.ToldHead, error) {
	others, err := n.othersWith(ctx, m)
	if err != nil {
		return nil, err
	}
	var out []peer.ToldHead
	for _, x := range others[:min(len(others), 16)] {
		h, err := n.keptHead(ctx, x)
		if err != nil {
			return nil, err
		}
		if h.Size > 0 {
			out = append(out, peer.ToldHead{Key: x.IdentityKey, Checkpoint: h.Note})
		}
	}
	return out, nil
}

// hear takes what a partner holds of third members' logs. A head of the size
// that this node holds is compared at once, another is asked about when the
// third member is next spoken to.
func (n *Node) hear(ctx context.Context, via *agreements.Member, told []peer.ToldHead) error {
	if len(told) == 0 || weak.Off("R55") {
		return nil
	}
	others, err := n.othersWith(ctx, via)
	if err != nil {
		return err
	}
	for _, t := range told {
		for _, x := range others {
			if x.IdentityKey != t.Key {
				continue
			}
			h, err := audit.OpenHead(t.Checkpoint, AuditOrigin, identityKey(x))
			if err != nil || h.Size == 0 {
				continue // not signed by whose log it is said to be: it says nothing about them
			}
			if err := n.hearOne(ctx, via, x, h); err != nil {
				return err
			}
		}
	}
	return nil
}

func (n *Node) hearOne(ctx context.Context, via, x *agreements.Member, h audit.Head) error {
	kept, err := n.keptHead(ctx, x)
	if err != nil {
		return err
	}
	if lost, err := n.lostTo(ctx, x.IdentityKey); err != nil || h.Size <= lost {
		return err
	}
	if kept.Size == h.Size {
		if kept.Root != h.Root {
			return swallow(n.conflict(ctx, x, conflictForked, kept, h, nil, nil))
		}
		return nil
	}
	return n.store.PutTold(ctx, store.ToldHead{Key: x.IdentityKey, Via: via.IdentityKey, Size: h.Size, Note: h.Note})
}

// judgeTold compares what others hold of a partner's log with what the partner
// shows this node.
func (n *Node) judgeTold(ctx context.Context, m *agreements.Member, told []store.ToldHead, theirs audit.Head, past []peer.PastHead) error {
	for _, t := range told[:min(len(told), 7)] {
		h, err := audit.OpenHead(t.Note, AuditOrigin, identityKey(m))
		if err != nil {
			return err
		}
		p := pastAt(past, h.Size)
		if h.Size == theirs.Size {
			p.root = theirs.Root
		}
		ok, _ := audit.Continues(h, theirs, p.root, p.proof)
		if !ok {
			return n.conflict(ctx, m, conflictForked, h, theirs, p.given, p.proof)
		}
		if err := n.store.DropTold(ctx, t); err != nil {
			return err
		}
	}
	return nil
}
