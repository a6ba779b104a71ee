package cleanroom

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"parley/agreements"
	"parley/cleanroom/audit"
	"parley/cleanroom/store"
)

// Exchanged is what an exchange with one partner found.
type Exchanged struct {
	Member string `json:"member"`
	// Theirs and Ours are the heads that each has countersigned of the other's.
	Theirs *RecordHead `json:"theirs,omitempty"`
	Ours   *RecordHead `json:"ours,omitempty"`
	Error  string      `json:"error,omitempty"`
}

// RecordHead is a head of a log as people compare it.
type RecordHead struct {
	Member string    `json:"member"`
	Size   int64     `json:"size"`
	Root   string    `json:"root"` // hex
	Time   time.Time `json:"time"` // when it was countersigned
	Note   string    `json:"note"`
}

// ExchangeRecords compares logs with one partner or, for "", with all members of
// agreements in force and confirmed partners. A partner that does not answer is
// no error of the call.
func (n *Node) ExchangeRecords(ctx context.Context, member string) ([]Exchanged, error) {
	all, err := n.recordPartners(ctx)
	if err != nil {
		return nil, err
	}
	out := []Exchanged{}
	for _, m := range all {
		if member != "" && m.Name != member {
			continue
		}
		x := Exchanged{Member: m.Name}
		ex, err := n.exchangeWith(ctx, m)
		if err != nil {
			x.Error = err.Error()
		} else {
			x.Theirs, x.Ours = headText(m.Name, ex.theirs, n.now()), headText(n.cfg.Org, ex.own, n.now())
		}
		out = append(out, x)
	}
	if member != "" && len(out) == 0 {
		c, err := n.clientOf(ctx, member) // says why there is none
		if err == nil {
			c.Close()
		}
		return nil, err
	}
	return out, nil
}

func headText(member string, h audit.Head, at time.Time) *RecordHead {
	if len(h.Witnesses) > 0 {
		at = h.Witnesses[0].Time
	}
	return &RecordHead{Member: member, Size: h.Size, Root: hex.EncodeToString(h.Root[:]), Time: at.UTC(), Note: string(h.Note)}
}

func (n *Node) exchangeWith(ctx context.Context, m *agreements.Member) (*exchanged, error) {
	c, err := n.client(m)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return n.exchange(ctx, m, c, -1)
}

// recordPartners are all whom this node may exchange records with, each key
// once.
func (n *Node) recordPartners(ctx context.Context) ([]*agreements.Member, error) {
	var out []*agreements.Member
	seen := map[string]bool{keyText(n.keys.Identity()): true}
	_, err := n.findCorrespondent(ctx, func(m *agreements.Member) bool {
		if !seen[m.IdentityKey] {
			seen[m.IdentityKey] = true
			out = append(out, m)
		}
		return false
	})
	return out, err
}

// exchangeNowAndThen compares logs with all partners while the node is up.
func (n *Node) exchangeNowAndThen() {
	defer n.work.Done()
	tick := time.NewTicker(n.cfg.RecordsEvery)
	defer tick.Stop()
	for {
		select {
		case <-n.life.Done():
			return
		case <-tick.C:
		}
		found, err := n.ExchangeRecords(n.life, "")
		if err != nil && n.life.Err() == nil {
			n.log.Error("exchange records", "error", err)
		}
		for _, x := range found {
			if x.Error != "" && n.life.Err() == nil {
				n.log.Warn("exchange records", "partner", x.Member, "error", x.Error)
			}
		}
	}
}

// Records is what this node and its partners hold of each other's logs.
type Records struct {
	Own       RecordHead       `json:"own"`
	Theirs    []RecordHead     `json:"theirs"` // countersigned here
	Ours      []RecordHead     `json:"ours"`   // the longest that each partner countersigned
	Conflicts []RecordConflict `json:"conflicts"`
}

// RecordConflict is a log that does not go on from what was countersigned.
type RecordConflict struct {
	Member  string     `json:"member"`
	Kind    string     `json:"kind"`
	Text    string     `json:"text"`
	Found   time.Time  `json:"found"`
	Decided *time.Time `json:"decided,omitempty"`
	How     string     `json:"how,omitempty"`
}

// Records lists heads and conflicts.
func (n *Node) Records(ctx context.Context) (*Records, error) {
	own, err := n.audit.Own()
	if err != nil {
		return nil, err
	}
	r := &Records{Own: *headText(n.cfg.Org, own, n.now()), Theirs: []RecordHead{}, Ours: []RecordHead{}, Conflicts: []RecordConflict{}}
	kept, err := n.store.Heads(ctx)
	if err != nil {
		return nil, err
	}
	for _, row := range kept {
		h, err := audit.OpenHead(row.Note, AuditOrigin, keyOf(row.Key), n.keys.Identity())
		if err != nil {
			return nil, err
		}
		r.Theirs = append(r.Theirs, *headText(row.Member, h, row.Time))
		last, err := n.store.OwnHead(ctx, row.Key)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if h, err = audit.OpenHead(last.Note, AuditOrigin, n.keys.Identity(), keyOf(row.Key)); err != nil {
			return nil, err
		}
		r.Ours = append(r.Ours, *headText(row.Member, h, last.Time))
	}
	found, err := n.store.Conflicts(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range found {
		x := RecordConflict{Member: c.Member, Kind: c.Kind, Text: n.conflictError(c).Error(), Found: c.Found.UTC(), How: c.How}
		if !c.Decided.IsZero() {
			x.Decided = &c.Decided
		}
		r.Conflicts = append(r.Conflicts, x)
	}
	return r, nil
}

func keyOf(text string) []byte { return identityKey(&agreements.Member{IdentityKey: text}) }
