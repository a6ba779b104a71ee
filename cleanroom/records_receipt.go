package cleanroom

import (
	"context"
	"errors"
	"fmt"

	"parley/cleanroom/audit"
	"parley/cleanroom/peer"
)

// recordFor shows an entry of the own log to a partner.
func (n *Node) recordFor(index int64) (*peer.Record, error) {
	r, err := n.audit.Record(n.cfg.Org, index)
	if err != nil {
		return nil, err
	}
	proof, err := audit.DecodeHashes(r.Proof)
	if err != nil {
		return nil, err
	}
	return &peer.Record{Index: index, Entry: []byte(r.Entry), Proof: fromHashes(proof), Checkpoint: []byte(r.Checkpoint)}, nil
}

// bundleRecords are the records of an answer: of this node's entry of the
// release, and of the partner's entry. The two nodes exchange their heads once
// more, so that each has countersigned the other's log with its entry in it. A
// partner that does not answer now has countersigned nothing, and the receipt
// says so; logs that do not fit together end the run without an answer.
func (n *Node) bundleRecords(ctx context.Context, d delivery, index int64) ([]audit.BundleRecord, error) {
	own, err := n.audit.Record(n.cfg.Org, index)
	if err != nil {
		return nil, err
	}
	records := map[string]audit.BundleRecord{n.cfg.Org: own}
	if d.partner != nil {
		if !d.record.Fits() {
			return nil, fmt.Errorf("the other node's record of the run: %w", errUnexpectedAnswer)
		}
		theirs := audit.BundleRecord{Member: d.partner.Name, Index: d.record.Index, Entry: string(d.record.Entry),
			Proof: audit.EncodeHashes(toHashes(d.record.Proof)), Checkpoint: string(d.record.Checkpoint)}
		ex, err := n.exchangeAfter(ctx, d)
		switch {
		case err == nil:
			if own, err = n.underHead(index, ex.own); err != nil {
				return nil, err
			}
			records[n.cfg.Org] = own
			proof := audit.EncodeHashes(ex.entry)
			if audit.CheckRecord(theirs.Index, []byte(theirs.Entry), proof, ex.theirs) == nil {
				theirs.Proof, theirs.Checkpoint = proof, string(ex.theirs.Note)
			}
		case errors.Is(err, ErrRecords):
			return nil, err
		default:
			n.log.Warn("exchange records after a release", "partner", d.partner.Name, "error", err)
		}
		records[d.partner.Name] = theirs
	}
	var out []audit.BundleRecord
	for _, p := range d.receipt.Parties {
		if r, ok := records[p.Member]; ok {
			out = append(out, r)
		}
	}
	return out, nil
}

func (n *Node) exchangeAfter(ctx context.Context, d delivery) (*exchanged, error) {
	c, err := n.client(d.partner)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	ctx, stop := context.WithTimeout(ctx, n.cfg.PeerPatience)
	defer stop()
	return n.exchange(ctx, d.partner, c, d.record.Index)
}

// underHead shows an own entry under a head of the own log.
func (n *Node) underHead(index int64, h audit.Head) (audit.BundleRecord, error) {
	r := audit.BundleRecord{Member: n.cfg.Org, Index: index}
	line, err := n.audit.Line(index)
	if err != nil {
		return r, err
	}
	proof, err := n.audit.Inclusion(h.Size, index)
	if err != nil {
		return r, err
	}
	r.Entry, r.Proof, r.Checkpoint = string(line), audit.EncodeHashes(proof), string(h.Note)
	return r, nil
}
