package cleanroom

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley/agreements/templates"
	"parley/cleanroom/anchor"
	"parley/cleanroom/audit"
	"parley/cleanroom/people"
	"parley/cleanroom/store"
)

// The life of a version of a template:
//
//	template new, edit ──▶ DRAFT ──review──▶ IN_REVIEW ──approve──▶ APPROVED ──retire──▶ RETIRED
//	                         ▲────────edit────────┘
//
// Templates that come with the program are IN_REVIEW until somebody here
// approves them. What was approved is never changed: editing it makes the next
// version. Each decision is a statement signed by the node's identity key; it
// is verified whenever the version is used, so that a changed state file makes
// nothing approved.

// Errors of templates.
var (
	ErrNoTemplate       = errors.New("no such template here; `parley template list` shows those there are")
	ErrTemplateTampered = errors.New("the state file holds this template in a form that its signed decisions do not bear out, so it was changed behind the node's back; nothing is made from it")
	ErrTemplateChanged  = errors.New("the template was changed since you read it; read it again (`parley template show`) before you decide")
)

// TemplateView is one version of a template as this node holds it.
type TemplateView struct {
	Name    string               `json:"name"`
	Version int                  `json:"version"`
	Hash    string               `json:"hash"`
	Title   string               `json:"title"`
	About   string               `json:"about"`
	State   store.TemplateState  `json:"state"`
	Origin  store.TemplateOrigin `json:"origin"`
	Author  string               `json:"author,omitempty"`
	Updated time.Time            `json:"updated,omitzero"`
	// OpenComments is how many comments nobody has resolved.
	OpenComments int                     `json:"openComments"`
	Comments     []store.TemplateComment `json:"comments,omitempty"`
	Decisions    []templates.Decision    `json:"decisions,omitempty"`
	// Tampered says what does not verify; such a version cannot be used.
	Tampered string              `json:"tampered,omitempty"`
	Template *templates.Template `json:"template,omitempty"`
}

// version is a template with its row; the row's state and decisions were
// verified.
type version struct {
	*templates.Template
	row       store.TemplateRow
	decisions []templates.Decision
}

func (v *version) ref() string { return fmt.Sprintf("%s@%d", v.Name, v.Version) }

var refPattern = regexp.MustCompile(`^([a-z0-9-]{1,63})(?:@([1-9][0-9]{0,6}))?$`)

// splitTemplateRef takes NAME or NAME@VERSION apart; 0 is the newest version.
func splitTemplateRef(ref string) (string, int, error) {
	m := refPattern.FindStringSubmatch(ref)
	if m == nil {
		return "", 0, fmt.Errorf("%q does not name a template: write NAME, or NAME@VERSION for a certain version", ref)
	}
	n, _ := strconv.Atoi(m[2])
	return m[1], n, nil
}

// versions are all versions of the named template, or of all for "", by name
// and version. Rows that do not verify are among them, with an error each.
func (n *Node) versions(ctx context.Context, name string) (all []*version, bad map[string]error, err error) {
	rows, err := n.store.Templates(ctx)
	if err != nil {
		return nil, nil, err
	}
	bad = map[string]error{}
	here := map[string]bool{}
	for _, row := range rows {
		v, err := n.verified(row)
		if err != nil {
			v = &version{Template: &templates.Template{Name: row.Name, Version: row.Version}, row: row}
			bad[v.ref()] = err
		}
		here[v.ref()] = true
		all = append(all, v)
	}
	for _, t := range templates.Shipped() {
		v, err := shippedVersion(t)
		if err != nil {
			return nil, nil, err
		}
		if !here[v.ref()] {
			all = append(all, v)
		}
	}
	all = slices.DeleteFunc(all, func(v *version) bool { return name != "" && v.Name != name })
	slices.SortFunc(all, func(a, b *version) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return a.Version - b.Version
	})
	return all, bad, nil
}

// shippedVersion is a template of the program that nobody here has touched.
func shippedVersion(t *templates.Template) (*version, error) {
	body, err := t.Canonical()
	if err != nil {
		return nil, err
	}
	hash, err := t.Hash()
	return &version{Template: t, row: store.TemplateRow{Name: t.Name, Version: t.Version, Hash: hash, Body: body,
		State: store.TemplateInReview, Origin: store.TemplateShipped}}, err
}

// verified reads a row and holds it to its own hash and to the decisions that
// this node signed: its state is what they make of it.
func (n *Node) verified(row store.TemplateRow) (*version, error) {
	t, err := templates.FromCanonical(row.Body)
	if err != nil {
		return nil, fmt.Errorf("%w (%s@%d: %v)", ErrTemplateTampered, row.Name, row.Version, err)
	}
	wrong := func(what string) error {
		return fmt.Errorf("%w (%s@%d: %s)", ErrTemplateTampered, row.Name, row.Version, what)
	}
	hash, err := t.Hash()
	if err != nil || hash != row.Hash || t.Name != row.Name || t.Version != row.Version {
		return nil, wrong("its text is another one")
	}
	v := &version{Template: t, row: row}
	state := row.State
	for i, b := range row.Decisions {
		d, err := templates.VerifyDecision(b, n.keys.Identity())
		switch {
		case err != nil:
			return nil, wrong(err.Error())
		case d.Organisation != n.cfg.Org || d.Name != row.Name || d.Version != row.Version || d.Hash != row.Hash || d.Seq != i+1:
			return nil, wrong("a decision is about something else")
		case i == 0 && d.Decision != templates.Approve || i == 1 && d.Decision != templates.Retire || i > 1:
			return nil, wrong("its decisions do not follow from each other")
		}
		v.decisions = append(v.decisions, *d)
	}
	want := map[int]store.TemplateState{1: store.TemplateApproved, 2: store.TemplateRetired}[len(v.decisions)]
	if want == "" && (state == store.TemplateApproved || state == store.TemplateRetired) || want != "" && state != want {
		return nil, wrong("it is kept as " + string(state) + ", and no signed decision says so")
	}
	return v, nil
}

// version finds one version: the newest of NAME, or NAME@VERSION.
func (n *Node) version(ctx context.Context, ref string) (*version, error) {
	name, number, err := splitTemplateRef(ref)
	if err != nil {
		return nil, err
	}
	all, bad, err := n.versions(ctx, name)
	if err != nil {
		return nil, err
	}
	for i := len(all) - 1; i >= 0; i-- {
		if number == 0 || all[i].Version == number {
			return all[i], bad[all[i].ref()]
		}
	}
	if len(all) > 0 {
		return nil, fmt.Errorf("%w: %s has no version %d; the newest is %d", ErrNoTemplate, name, number, all[len(all)-1].Version)
	}
	return nil, fmt.Errorf("%w: %q", ErrNoTemplate, name)
}

func (n *Node) view(ctx context.Context, v *version) (*TemplateView, error) {
	out := &TemplateView{Name: v.Name, Version: v.Version, Hash: v.row.Hash, Title: v.Title, About: v.About, State: v.row.State, Origin: v.row.Origin,
		Author: v.row.Author, Updated: v.row.Updated, Decisions: v.decisions, Template: v.Template}
	var err error
	out.Comments, err = n.store.TemplateComments(ctx, v.Name, v.Version)
	for i := range out.Comments {
		if out.Comments[i].Open() {
			out.OpenComments++
		}
	}
	return out, err
}

// Templates lists every version, without the texts.
func (n *Node) Templates(ctx context.Context) ([]*TemplateView, error) {
	all, bad, err := n.versions(ctx, "")
	if err != nil {
		return nil, err
	}
	var out []*TemplateView
	for _, v := range all {
		view, err := n.view(ctx, v)
		if err != nil {
			return nil, err
		}
		if err := bad[v.ref()]; err != nil {
			view.Tampered = err.Error()
		}
		view.Template, view.Comments = nil, nil
		out = append(out, view)
	}
	return out, nil
}

// Template returns one version: the newest of NAME, or NAME@VERSION.
func (n *Node) Template(ctx context.Context, ref string) (*TemplateView, error) {
	v, err := n.version(ctx, ref)
	if err != nil {
		return nil, err
	}
	return n.view(ctx, v)
}

// TemplateByHash returns the version with a hash, whatever its state, for
// comparing an agreement with what it says it was made from.
func (n *Node) TemplateByHash(ctx context.Context, hash string) (*templates.Template, error) {
	all, bad, err := n.versions(ctx, "")
	if err != nil {
		return nil, err
	}
	for _, v := range all {
		if v.row.Hash == hash && bad[v.ref()] == nil {
			return v.Template, nil
		}
	}
	return nil, ErrNoTemplate
}

// person is who acts: a name of this organisation's people, or the operator.
func person(ctx context.Context) string {
	if w := people.From(ctx); w != nil && !w.IsOperator() {
		return w.Name
	}
	return "operator"
}

// changeTemplate puts a version into the state file; the audit log names the
// change.
func (n *Node) changeTemplate(ctx context.Context, action string, row store.TemplateRow, apply func(context.Context, store.TemplateRow, store.Anchor) error) error {
	e := entry(action, audit.OK).called(ctx).with("template", templateSubject(row)).with("templateHash", row.Hash).Entry
	e.Time, e.Actor = n.now().UTC(), n.cfg.Org
	row.Updated = n.now()
	c := anchor.Change{Kind: anchor.Template, Subject: templateSubject(row), Digest: templateDigest(row), Entry: e}
	return n.anchor.Do(ctx, c, func(ctx context.Context, a store.Anchor) error { return apply(ctx, row, a) })
}

func templateSubject(row store.TemplateRow) string {
	return fmt.Sprintf("%s/%d", row.Name, row.Version)
}

// templateDigest covers all of a version's row but its author and times.
func templateDigest(row store.TemplateRow) [32]byte {
	fields := [][]byte{[]byte(row.Name), []byte(strconv.Itoa(row.Version)), []byte(row.Hash), []byte(row.State), row.Body}
	return anchor.Digest(append(fields, row.Decisions...)...)
}

// templateDigests are those of all versions in the state file.
func templateDigests(ctx context.Context, s *store.Store) (map[string][32]byte, error) {
	all, err := s.Templates(ctx)
	out := map[string][32]byte{}
	for _, row := range all {
		out[templateSubject(row)] = templateDigest(row)
	}
	return out, err
}

// putTemplate is the change of a row that is no decision.
func (n *Node) putTemplate(ctx context.Context, action string, row store.TemplateRow) error {
	return n.changeTemplate(ctx, action, row, func(ctx context.Context, row store.TemplateRow, a store.Anchor) error {
		return n.store.PutTemplate(ctx, row, a)
	})
}

// present puts a template of the program into the state file before something
// about it is kept there.
func (n *Node) present(ctx context.Context, v *version) error {
	if _, err := n.store.Template(ctx, v.Name, v.Version); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	v.row.Author = "Parley"
	return n.putTemplate(ctx, "template.take-up", v.row)
}

// templateRow is a row with a template's text.
func templateRow(t *templates.Template, state store.TemplateState, origin store.TemplateOrigin, author string) (store.TemplateRow, error) {
	if err := t.Check(); err != nil {
		return store.TemplateRow{}, err
	}
	body, err := t.Canonical()
	if err != nil {
		return store.TemplateRow{}, err
	}
	if len(body) > templates.MaxSize {
		return store.TemplateRow{}, fmt.Errorf("the template is larger than %d bytes", templates.MaxSize)
	}
	hash, err := t.Hash()
	return store.TemplateRow{Name: t.Name, Version: t.Version, Hash: hash, Body: body, State: state, Origin: origin, Author: author}, err
}
