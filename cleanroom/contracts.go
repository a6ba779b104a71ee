package cleanroom

import (
	"context"
	"encoding/json"
	"fmt"

	"parley/agreements"
	"parley/cleanroom/peer"
)

// Contracts implements peer.Service: the terms of the datasets that this
// node's owner offers to the caller, as an agreement would state them. Nothing
// else of a contract travels: not where the data lies, not its descriptions,
// quality results or owners, and no figure about the data.
func (n *Node) Contracts(ctx context.Context, from string) (*peer.Contracts, error) {
	if _, err := n.correspondent(ctx, from); err != nil {
		return nil, err
	}
	list, err := n.store.Partners(ctx)
	if err != nil {
		return nil, err
	}
	out := &peer.Contracts{Datasets: []agreements.Dataset{}}
	for _, p := range list {
		if p.Fingerprint != from || p.Confirmed.IsZero() {
			continue
		}
		names, err := n.store.OfferedDatasets(ctx, p.Seq)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			row, err := n.store.Dataset(ctx, name)
			if err != nil {
				continue // removed since
			}
			var rules agreements.Rules
			if err := json.Unmarshal(row.Rules, &rules); err != nil {
				return nil, fmt.Errorf("rules of dataset %q in the state file: %w", row.Name, err)
			}
			out.Datasets = append(out.Datasets, agreements.Dataset{Name: row.Name, Owner: n.cfg.Org, ContractHash: row.ContractHash, Rules: rules})
		}
	}
	return out, nil
}

// PartnerContracts asks a confirmed partner's node for the terms of the
// datasets that it offers to this one.
func (n *Node) PartnerContracts(ctx context.Context, name string) ([]agreements.Dataset, error) {
	p, err := n.partnerRow(ctx, name)
	if err != nil {
		return nil, err
	}
	if p.Confirmed.IsZero() {
		return nil, notConfirmed(name)
	}
	card, err := cardOf(p)
	if err != nil {
		return nil, err
	}
	c, err := n.client(card)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	got, err := c.Contracts(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask the other node: %w", err)
	}
	if err := agreements.CheckDatasets(name, got.Datasets); err != nil {
		return nil, fmt.Errorf("the contracts that the other node sent are malformed: %w", err)
	}
	return got.Datasets, nil
}
