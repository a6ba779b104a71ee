package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"parley/agreements"
	"parley/agreements/templates"
	"parley/cleanroom/api"
)

// compared says of an agreement made from a template where it departs from it.
// d may be nil: then only the templates of the program are known.
func compared(cmd *cobra.Command, d *door, a *agreements.Agreement) (string, error) {
	if a.Template == nil {
		return "", nil
	}
	ref := fmt.Sprintf("template %s, version %d", a.Template.Name, a.Template.Version)
	t, err := templateOf(cmd, d, a.Template.Hash)
	if err != nil {
		return "", err
	}
	if t == nil {
		where := "This node does not have it"
		if d == nil {
			where = "It does not come with the program; --home looks among your node's"
		}
		return fmt.Sprintf("Made from %s. %s, so the two cannot be compared (a partner's is taken in by `parley template import`).\n", ref, where), nil
	}
	all := t.Differences(a)
	if len(all) == 0 {
		return fmt.Sprintf("Made from %s, and differs from it in nothing.\n", ref), nil
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "Made from %s. It differs from the template:\n", ref)
	printDifferences(&b, all)
	return b.String(), nil
}

// templateOf finds a template by its hash; nil if it is not known here.
func templateOf(cmd *cobra.Command, d *door, hash string) (*templates.Template, error) {
	for _, t := range templates.Shipped() {
		if h, err := t.Hash(); err == nil && h == hash {
			return t, nil
		}
	}
	if d == nil {
		return nil, nil
	}
	t := &templates.Template{}
	err := d.call(cmd.Context(), http.MethodGet, "/v1/template-hashes/"+url.PathEscape(hash), nil, t)
	var p *api.Problem
	if errors.As(err, &p) && p.Status == http.StatusNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if h, err := t.Hash(); err != nil || h != hash {
		return nil, errors.New("the node answered with another template than the one asked for")
	}
	return t, nil
}

// printCompared prints compared to w, asking the node if there is one.
func printCompared(cmd *cobra.Command, w io.Writer, h home, a *agreements.Agreement) error {
	if a.Template == nil {
		return nil
	}
	show := func(d *door) error {
		note, err := compared(cmd, d, a)
		if err == nil {
			fmt.Fprint(w, note)
		}
		return err
	}
	if h.dir == "" {
		return show(nil)
	}
	return with(cmd.Context(), h, show)
}
