package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"parley/agreements"
	"parley/cleanroom"
)

// cardFor is the card of a member of a draft: a file, or a confirmed partner by
// its name.
func cardFor(cmd *cobra.Command, d *door, with string) (m agreements.Member, err error) {
	if f, e := os.Stat(with); e == nil && !f.IsDir() {
		err = readYAML(with, &m)
		return m, err
	}
	var p cleanroom.PartnerView
	if err := d.call(cmd.Context(), http.MethodGet, partnerPath(with, ""), nil, &p); err != nil {
		return m, fmt.Errorf("--with %s: there is no such file, and %w", with, err)
	}
	if p.Confirmed == nil {
		return m, withCode(exitRefused, fmt.Errorf("%s is not confirmed: compare the words (`parley partner list`) and run `parley partner confirm %q` first", p.Name, p.Name))
	}
	return p.Card, nil
}

// offeredDatasets adds to a draft the datasets that partners offer, written as
// DATASET or PARTNER=DATASET.
func offeredDatasets(cmd *cobra.Command, d *door, o *cleanroom.DraftOptions, names []string) error {
	seen := map[string][]agreements.Dataset{}
	for _, s := range names {
		owner, name, ok := strings.Cut(s, "=")
		if !ok {
			if name = owner; len(o.Members) != 2 {
				return withCode(exitUsage, errors.New("with more than one partner, say whose dataset it is: --partner-dataset PARTNER=DATASET"))
			}
			owner = o.Members[1].Name
		}
		if seen[owner] == nil {
			var all []agreements.Dataset
			if err := d.call(cmd.Context(), http.MethodGet, partnerPath(owner, "/contracts"), nil, &all); err != nil {
				return err
			}
			seen[owner] = append([]agreements.Dataset{}, all...)
		}
		found := false
		for _, set := range seen[owner] {
			if set.Name == name {
				o.Datasets, found = append(o.Datasets, set), true
			}
		}
		if !found {
			return withCode(exitRefused, fmt.Errorf("%s does not offer %s to you; its owner can: parley dataset offer %s --to YOU", owner, name, name))
		}
	}
	return nil
}

// ownDatasets adds to a draft datasets of this node, by their names.
func ownDatasets(cmd *cobra.Command, d *door, o *cleanroom.DraftOptions, me string, names []string) error {
	for _, name := range names {
		var contract []byte
		if err := d.call(cmd.Context(), http.MethodGet, "/v1/datasets/"+url.PathEscape(name), nil, &contract); err != nil {
			return fmt.Errorf("--dataset %s: %w", name, err)
		}
		o.Contracts = append(o.Contracts, cleanroom.OwnedContract{Owner: me, Contract: contract})
	}
	return nil
}
