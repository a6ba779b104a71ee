package cleanroom

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"parley/agreements"
	"parley/agreements/templates"
	"parley/analysis"
	"parley/cleanroom/store"
)

// NewTemplate makes a draft called name, version 1, from another template.
func (n *Node) NewTemplate(ctx context.Context, name, from string) (*TemplateView, error) {
	if !templates.ValidName(name) {
		return nil, fmt.Errorf("%q cannot be a template's name: use small letters and digits, joined by -, at most 63", name)
	}
	n.templates.Lock()
	defer n.templates.Unlock()
	v, err := n.version(ctx, from)
	if err != nil {
		return nil, err
	}
	if err := n.free(ctx, name); err != nil {
		return nil, err
	}
	t := v.Template.Clone()
	if t.From, err = v.Template.Ref(); err != nil {
		return nil, err
	}
	t.Name, t.Version = name, 1
	return n.save(ctx, t, store.TemplateOwn)
}

func (n *Node) free(ctx context.Context, name string) error {
	all, _, err := n.versions(ctx, name)
	if err == nil && len(all) > 0 {
		err = fmt.Errorf("there is a template %s already; `parley template edit %s` makes its next version", name, name)
	}
	return err
}

// save puts a new draft into the state file.
func (n *Node) save(ctx context.Context, t *templates.Template, origin store.TemplateOrigin) (*TemplateView, error) {
	row, err := templateRow(t, store.TemplateDraft, origin, person(ctx))
	if err != nil {
		return nil, err
	}
	if err := n.putTemplate(ctx, "template.write", row); err != nil {
		return nil, err
	}
	return n.Template(ctx, fmt.Sprintf("%s@%d", t.Name, t.Version))
}

// EditTemplate takes the new text of a version. A version that was approved or
// retired, or comes with the program, stays as it is: the text becomes the next
// version, a draft. One that is in review becomes a draft again. hash is that
// of the text that was edited.
func (n *Node) EditTemplate(ctx context.Context, ref, hash string, t *templates.Template) (*TemplateView, error) {
	n.templates.Lock()
	defer n.templates.Unlock()
	v, err := n.version(ctx, ref)
	if err != nil {
		return nil, err
	}
	if hash != "" && hash != v.row.Hash {
		return nil, fmt.Errorf("the template %s was changed by somebody else since you began; nothing is kept of your text here, so save it and edit again", v.ref())
	}
	if t.Name != v.Name || t.Version != v.Version {
		return nil, fmt.Errorf("the text says that it is %s@%d, and you edit %s: leave name and version as they are; a new name is made by `parley template new`", t.Name, t.Version, v.ref())
	}
	origin := v.row.Origin
	if v.row.Origin == store.TemplateShipped || v.row.State == store.TemplateApproved || v.row.State == store.TemplateRetired {
		all, _, err := n.versions(ctx, v.Name)
		if err != nil {
			return nil, err
		}
		if last := all[len(all)-1]; last.Version != v.Version && (last.row.State == store.TemplateDraft || last.row.State == store.TemplateInReview) && last.row.Origin != store.TemplateShipped {
			return nil, fmt.Errorf("%s cannot be changed any more, and its next version is there already: edit %s", v.ref(), last.ref())
		}
		if t.From, err = v.Template.Ref(); err != nil {
			return nil, err
		}
		t.Version, origin = all[len(all)-1].Version+1, store.TemplateOwn
	}
	if len(templates.Diff(v.Template, t)) == 0 {
		return nil, fmt.Errorf("nothing was changed in %s", v.ref())
	}
	return n.save(ctx, t, origin)
}

// ImportTemplate takes a template from another organisation, as a draft. as
// gives it another name.
func (n *Node) ImportTemplate(ctx context.Context, t *templates.Template, as string) (*TemplateView, error) {
	n.templates.Lock()
	defer n.templates.Unlock()
	if as != "" {
		if t.Name == as {
			return nil, errors.New("--as gives the name that the template has already")
		}
		ref, err := t.Ref()
		if err != nil {
			return nil, err
		}
		t.From, t.Name, t.Version = ref, as, 1
		if err := n.free(ctx, as); err != nil {
			return nil, err
		}
	}
	hash, err := t.Hash()
	if err != nil {
		return nil, err
	}
	have, err := n.version(ctx, fmt.Sprintf("%s@%d", t.Name, t.Version))
	switch {
	case errors.Is(err, ErrNoTemplate):
		return n.save(ctx, t, store.TemplateImported)
	case err != nil:
		return nil, err
	case have.row.Hash == hash:
		return n.view(ctx, have)
	}
	return nil, fmt.Errorf("version %d of %s is here already, with another text; import it under another name: --as NAME", t.Version, t.Name)
}

// ReviewTemplate sends a draft to review. Its analyses must compile, over
// stand-ins for the data.
func (n *Node) ReviewTemplate(ctx context.Context, ref string) (*TemplateView, error) {
	n.templates.Lock()
	defer n.templates.Unlock()
	v, err := n.version(ctx, ref)
	if err != nil {
		return nil, err
	}
	if v.row.State != store.TemplateDraft {
		return nil, fmt.Errorf("%s is %s; only a draft is sent to review", v.ref(), stateWords(v.row.State))
	}
	if err := n.compiles(ctx, v.Template); err != nil {
		return nil, err
	}
	row := v.row
	row.State = store.TemplateInReview
	if err := n.putTemplate(ctx, "template.review", row); err != nil {
		return nil, err
	}
	return n.Template(ctx, v.ref())
}

// compiles tries a template's analyses over stand-ins.
func (n *Node) compiles(ctx context.Context, t *templates.Template) error {
	a, err := t.Sample(nil)
	if err != nil {
		return err
	}
	_, err = n.analysesCompile(ctx, a)
	return err
}

// analysesCompile tries every approved analysis of a draft, asked by whoever
// may ask it, and names those that can be.
func (n *Node) analysesCompile(ctx context.Context, a *agreements.Agreement) (possible []string, err error) {
	id, err := a.ID()
	if err != nil {
		return nil, err
	}
	var wrong []error
	for i := range a.Analyses {
		q := analysis.Question{Analysis: a.Analyses[i].Name, Params: templates.SampleParameters(&a.Analyses[i])}
		var last error
		for _, asker := range a.Receivers {
			_, last = analysis.Compile(ctx, n.engine, a, id, asker, q)
			if last == nil {
				break
			}
		}
		if last != nil {
			wrong = append(wrong, fmt.Errorf("the analysis %s cannot be asked: %s", a.Analyses[i].Name, inOneLine(last.Error())))
			continue
		}
		possible = append(possible, a.Analyses[i].Name)
	}
	return possible, errors.Join(wrong...)
}

func inOneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// stateWords says a state in a sentence.
func stateWords(s store.TemplateState) string {
	return map[store.TemplateState]string{store.TemplateDraft: "a draft", store.TemplateInReview: "in review",
		store.TemplateApproved: "approved", store.TemplateRetired: "retired"}[s]
}

// CommentTemplate notes a comment on a clause, or on the whole for "". What was
// approved or retired takes no more comments.
func (n *Node) CommentTemplate(ctx context.Context, ref, clause, text string) (*store.TemplateComment, error) {
	n.templates.Lock()
	defer n.templates.Unlock()
	v, err := n.version(ctx, ref)
	if err != nil {
		return nil, err
	}
	if v.row.State == store.TemplateApproved || v.row.State == store.TemplateRetired {
		return nil, fmt.Errorf("%s is %s, so comments on it change nothing; `parley template edit` makes the next version", v.ref(), stateWords(v.row.State))
	}
	if c, _ := v.Template.Clause(clause); clause != "" && c == nil {
		return nil, fmt.Errorf("%s has no clause %q; its clauses are %s", v.ref(), clause, clauseIDs(v.Template))
	}
	if text = strings.TrimSpace(text); text == "" || len(text) > 2000 || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsGraphic(r) }) {
		return nil, errors.New("a comment is one line of at most 2,000 bytes that can be shown")
	}
	if err := n.present(ctx, v); err != nil {
		return nil, err
	}
	if err := n.record(n.aboutTemplate(ctx, "template.comment", v)); err != nil {
		return nil, err
	}
	c, err := n.store.AddTemplateComment(ctx, v.Name, v.Version, store.TemplateComment{Clause: clause, Author: person(ctx), Text: text, Created: n.now()})
	if errors.Is(err, store.ErrTooMany) {
		err = fmt.Errorf("%s has as many comments as a template may have", v.ref())
	}
	return &c, err
}

func clauseIDs(t *templates.Template) string {
	var out []string
	for _, c := range t.Clauses {
		out = append(out, c.ID)
	}
	return strings.Join(out, ", ")
}

// ResolveComment marks a comment as settled.
func (n *Node) ResolveComment(ctx context.Context, ref string, number int) error {
	n.templates.Lock()
	defer n.templates.Unlock()
	v, err := n.version(ctx, ref)
	if err != nil {
		return err
	}
	if v.row.State == store.TemplateApproved || v.row.State == store.TemplateRetired {
		return fmt.Errorf("%s is %s; its comments stay as they are", v.ref(), stateWords(v.row.State))
	}
	if err := n.record(n.aboutTemplate(ctx, "template.resolve", v)); err != nil {
		return err
	}
	err = n.store.ResolveTemplateComment(ctx, v.Name, v.Version, number, person(ctx), n.now())
	if errors.Is(err, store.ErrNotFound) {
		err = fmt.Errorf("%s has no open comment %d", v.ref(), number)
	}
	return err
}
