package cleanroom

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"parley/agreements/templates"
	"parley/cleanroom/audit"
	"parley/cleanroom/people"
	"parley/cleanroom/store"
)

// aboutTemplate begins an audit entry about a version.
func (n *Node) aboutTemplate(ctx context.Context, action string, v *version) entryBuilder {
	return entry(action, audit.OK).called(ctx).with("template", templateSubject(v.row)).with("templateHash", v.row.Hash)
}

// ApproveTemplate lets agreements be made from a version in review. hash is
// that of the text that was read.
func (n *Node) ApproveTemplate(ctx context.Context, ref, hash string) (*TemplateView, error) {
	n.templates.Lock()
	defer n.templates.Unlock()
	v, err := n.version(ctx, ref)
	if err != nil {
		return nil, err
	}
	switch {
	case v.row.State == store.TemplateDraft:
		return nil, fmt.Errorf("%s is a draft; `parley template review %s` sends it to review first", v.ref(), v.ref())
	case v.row.State != store.TemplateInReview:
		return nil, fmt.Errorf("%s is %s already", v.ref(), stateWords(v.row.State))
	case hash != v.row.Hash:
		return nil, ErrTemplateChanged
	}
	if err := n.noOpenComments(ctx, v); err != nil {
		return nil, err
	}
	if err := n.compiles(ctx, v.Template); err != nil {
		return nil, err
	}
	who, err := n.approvers(ctx, v)
	if err != nil {
		return nil, err
	}
	if err := n.present(ctx, v); err != nil {
		return nil, err
	}
	return n.decide(ctx, v, templates.Decision{Decision: templates.Approve, People: who}, store.TemplateApproved)
}

func (n *Node) noOpenComments(ctx context.Context, v *version) error {
	comments, err := n.store.TemplateComments(ctx, v.Name, v.Version)
	if err != nil {
		return err
	}
	var open []string
	for _, c := range comments {
		if !c.Open() {
			continue
		}
		where := "on the whole"
		if _, i := v.Template.Clause(c.Clause); i > 0 {
			where = fmt.Sprintf("on clause %d (%s)", i, c.Clause)
		}
		open = append(open, fmt.Sprintf("%d %s, by %s", c.Number, where, c.Author))
	}
	if len(open) > 0 {
		return fmt.Errorf("%s has open comments: %s. Resolve each (`parley template resolve %s NUMBER`), or edit the text", v.ref(), strings.Join(open, "; "), v.ref())
	}
	return nil
}

// approvers are the people who said yes to a version, the caller among them:
// as many as the organisation asks for (signers in parley.yaml), or the error
// that says who else must.
func (n *Node) approvers(ctx context.Context, v *version) ([]string, error) {
	if err := n.consented(ctx, consentTemplate, v.row.Hash, "template "+v.ref(), people.TemplateAllow); err != nil {
		return nil, err
	}
	if n.cfg.Signers < 2 {
		return []string{person(ctx)}, nil
	}
	return n.store.Consents(ctx, consentTemplate, v.row.Hash)
}

// RetireTemplate keeps an approved version from being used for further
// agreements. Those that were made from it stay as they are.
func (n *Node) RetireTemplate(ctx context.Context, ref, reason string) (*TemplateView, error) {
	n.templates.Lock()
	defer n.templates.Unlock()
	v, err := n.version(ctx, ref)
	if err != nil {
		return nil, err
	}
	if v.row.State != store.TemplateApproved {
		return nil, fmt.Errorf("%s is %s; only an approved version is retired", v.ref(), stateWords(v.row.State))
	}
	if len(reason) > 500 {
		return nil, errors.New("the reason is longer than 500 bytes")
	}
	return n.decide(ctx, v, templates.Decision{Decision: templates.Retire, Reason: reason, People: []string{person(ctx)}}, store.TemplateRetired)
}

// decide signs a decision and keeps it, with the state that follows from it.
func (n *Node) decide(ctx context.Context, v *version, d templates.Decision, state store.TemplateState) (*TemplateView, error) {
	d.Organisation, d.Name, d.Version, d.Hash = n.cfg.Org, v.Name, v.Version, v.row.Hash
	d.Seq, d.Time = len(v.decisions)+1, n.utc()
	statement, err := d.Sign(identity{ctx, n.keys})
	if err != nil {
		return nil, err
	}
	row := v.row
	row.State = state
	row.Decisions = append(append([][]byte{}, row.Decisions...), statement)
	err = n.changeTemplate(ctx, "template."+d.Decision, row, func(ctx context.Context, row store.TemplateRow, a store.Anchor) error {
		return n.store.DecideTemplate(ctx, row, d.Seq, statement, a)
	})
	if err != nil {
		return nil, err
	}
	return n.Template(ctx, v.ref())
}

// approved finds the version that agreements may be made from: the newest
// approved one of NAME, or NAME@VERSION if that is approved.
func (n *Node) approved(ctx context.Context, ref string) (*version, error) {
	name, number, err := splitTemplateRef(ref)
	if err != nil {
		return nil, err
	}
	if number > 0 {
		v, err := n.version(ctx, ref)
		if err == nil && v.row.State != store.TemplateApproved {
			return nil, notApproved(v)
		}
		return v, err
	}
	all, bad, err := n.versions(ctx, name)
	if err != nil {
		return nil, err
	}
	for i := len(all) - 1; i >= 0; i-- {
		v := all[i]
		if err := bad[v.ref()]; err != nil {
			return nil, err
		}
		if v.row.State == store.TemplateApproved {
			return v, nil
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%w: %q", ErrNoTemplate, name)
	}
	return nil, notApproved(all[len(all)-1])
}

func notApproved(v *version) error {
	how := map[store.TemplateState]string{
		store.TemplateDraft:    fmt.Sprintf("`parley template review %s`, then `parley template approve %s`", v.ref(), v.ref()),
		store.TemplateInReview: fmt.Sprintf("read it (`parley template show %s`), then `parley template approve %s`", v.ref(), v.ref()),
		store.TemplateRetired:  fmt.Sprintf("`parley template edit %s` makes its next version", v.ref()),
	}[v.row.State]
	return fmt.Errorf("%s is %s, and agreements are made from approved templates only. Somebody with the role legal can change that: %s", v.ref(), stateWords(v.row.State), how)
}
