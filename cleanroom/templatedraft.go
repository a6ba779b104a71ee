package cleanroom

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"parley/agreements"
	"parley/agreements/templates"
)

// TemplateFilling is what an agreement is made from an approved template with.
type TemplateFilling struct {
	Template  string // NAME or NAME@VERSION
	Title     string // empty: the template's
	Members   []agreements.Member
	Contracts []OwnedContract
	Datasets  []agreements.Dataset // that partners offer
	// Values, Tables, Columns and Only are those of templates.Filling.
	Values, Tables, Columns map[string]string
	Only                    []string
	NotBefore               time.Time
	Change                  templates.Change
}

// DraftFromTemplate makes a draft from an approved template: its clauses, its
// rules over what the contracts allow, and its analyses, each of which must be
// possible over them. What is not filled in is a *templates.Missing.
func (n *Node) DraftFromTemplate(ctx context.Context, o TemplateFilling) (*agreements.Agreement, error) {
	v, err := n.approved(ctx, o.Template)
	if err != nil {
		return nil, err
	}
	f := templates.Filling{Title: o.Title, Members: o.Members, Values: o.Values, Tables: o.Tables, Columns: o.Columns, Only: o.Only,
		NotBefore: o.NotBefore, Change: o.Change}
	if f.Datasets, err = draftDatasets(o.Contracts, o.Datasets, nil); err != nil {
		return nil, err
	}
	if receivers := v.ReceivingMembers(f); len(receivers) > 0 {
		if f.Datasets, err = draftDatasets(o.Contracts, o.Datasets, receivers); err != nil {
			return nil, err
		}
	}
	a, err := v.Fill(f)
	if err != nil {
		return nil, err
	}
	possible, err := n.analysesCompile(ctx, a)
	if err != nil && len(possible) > 0 {
		err = fmt.Errorf("%w\nTo leave out what cannot be asked: --only %s", err, strings.Join(possible, ","))
	}
	return a, err
}

// IsMissing finds what a template lacks in an error.
func IsMissing(err error) (*templates.Missing, bool) {
	var m *templates.Missing
	ok := errors.As(err, &m)
	return m, ok
}
