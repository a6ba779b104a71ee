package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"
)

// TemplateState says how far a version of a template has come.
type TemplateState string

// States of a version:
//
//	DRAFT ◀──▶ IN_REVIEW ──▶ APPROVED ──▶ RETIRED   for good
const (
	TemplateDraft    TemplateState = "DRAFT"
	TemplateInReview TemplateState = "IN_REVIEW"
	TemplateApproved TemplateState = "APPROVED"
	TemplateRetired  TemplateState = "RETIRED"
)

// may reports whether a version may go from one state to another; "" is that
// of one that is not here yet. What was approved is never changed.
func (s TemplateState) may(next TemplateState) bool {
	switch s {
	case "":
		return next == TemplateDraft || next == TemplateInReview
	case TemplateDraft:
		return next == TemplateDraft || next == TemplateInReview
	case TemplateInReview:
		return next != TemplateRetired
	case TemplateApproved:
		return next == TemplateRetired
	}
	return false
}

// TemplateOrigin says where a version came from.
type TemplateOrigin string

// Origins.
const (
	TemplateOwn      TemplateOrigin = "own"
	TemplateImported TemplateOrigin = "imported"
	TemplateShipped  TemplateOrigin = "shipped"
)

// TemplateRow is one version of a template as this node holds it.
type TemplateRow struct {
	Name    string
	Version int
	Hash    string
	Body    []byte // canonical JSON
	State   TemplateState
	Origin  TemplateOrigin
	Author  string
	Created time.Time
	Updated time.Time
	// Decisions are the signed ones, in their order.
	Decisions [][]byte
}

// TemplateComment is a comment on a clause, or on the whole when Clause is "".
type TemplateComment struct {
	Number     int       `json:"number"` // counted from 1 within the version
	Clause     string    `json:"clause,omitempty"`
	Author     string    `json:"author"`
	Text       string    `json:"text"`
	Created    time.Time `json:"created"`
	ResolvedBy string    `json:"resolvedBy,omitempty"`
	Resolved   time.Time `json:"resolved,omitzero"`
}

// Open reports whether nobody has resolved the comment.
func (c *TemplateComment) Open() bool { return c.Resolved.IsZero() }

const templateColumns = `name, version, hash, body, state, origin, author, created, updated`

func scanTemplate(r scanner) (TemplateRow, error) {
	var t TemplateRow
	var created, updated sql.NullInt64
	err := r.Scan(&t.Name, &t.Version, &t.Hash, &t.Body, &t.State, &t.Origin, &t.Author, &created, &updated)
	t.Created, t.Updated = fromNano(created), fromNano(updated)
	return t, err
}

// PutTemplate adds a version, or replaces one that is still a draft or in
// review, with its comments kept. A step of state that may not be is

func (s *Store) PutTemplate(ctx context.Context, t TemplateRow, anchors ...Anchor) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		if err := putTemplate(ctx, tx, t); err != nil {
			return err
		}
		return putAnchors(ctx, tx, anchors)
	})
}

func putTemplate(ctx context.Context, tx *sql.Tx, t TemplateRow) error {
	old, err := scanTemplate(tx.QueryRowContext(ctx, `SELECT `+templateColumns+` FROM templates WHERE name = ? AND version = ?`, t.Name, t.Version))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if !old.State.may(t.State) || old.State != "" && t.State == TemplateApproved && old.Hash != t.Hash {
		return fmt.Errorf("%w: template %s to %s", ErrTransition, old.State, t.State)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO templates (`+templateColumns+`) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)
		ON CONFLICT (name, version) DO UPDATE SET hash = ?3, body = ?4, state = ?5, author = ?7, updated = ?8`,
		t.Name, t.Version, t.Hash, t.Body, string(t.State), string(t.Origin), t.Author, toNano(t.Updated))
	return err
}

// DecideTemplate adds a signed decision and the state that follows from it.
// seq is the decision's number; another that came first is ErrExists.
func (s *Store) DecideTemplate(ctx context.Context, t TemplateRow, seq int, statement []byte, anchors ...Anchor) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		old, err := scanTemplate(tx.QueryRowContext(ctx, `SELECT `+templateColumns+` FROM templates WHERE name = ? AND version = ?`, t.Name, t.Version))
		if err != nil {
			return err
		}
		same := old.State == t.State && t.State == TemplateInReview // one of several approvals
		if !same && !old.State.may(t.State) || old.Hash != t.Hash {
			return fmt.Errorf("%w: template %s to %s", ErrTransition, old.State, t.State)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO template_decisions (name, version, seq, statement) VALUES (?, ?, ?, ?)`, t.Name, t.Version, seq, statement); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE templates SET state = ?, updated = ? WHERE name = ? AND version = ?`, string(t.State), toNano(t.Updated), t.Name, t.Version); err != nil {
			return err
		}
		return putAnchors(ctx, tx, anchors)
	})
}

// Template returns one version, with its decisions.
func (s *Store) Template(ctx context.Context, name string, version int) (t TemplateRow, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		t, err = scanTemplate(tx.QueryRowContext(ctx, `SELECT `+templateColumns+` FROM templates WHERE name = ? AND version = ?`, name, version))
		if err == nil {
			t.Decisions, err = templateDecisions(ctx, tx, name, version)
		}
		return err
	})
	return t, err
}

// Templates lists every version with its decisions, by name, the oldest first.
func (s *Store) Templates(ctx context.Context) (out []TemplateRow, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		if out, err = collect(ctx, tx, scanTemplate, `SELECT `+templateColumns+` FROM templates ORDER BY name, version`); err != nil {
			return err
		}
		for i := range out {
			if out[i].Decisions, err = templateDecisions(ctx, tx, out[i].Name, out[i].Version); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

func templateDecisions(ctx context.Context, tx *sql.Tx, name string, version int) ([][]byte, error) {
	return collect(ctx, tx, func(r scanner) (b []byte, err error) {
		err = r.Scan(&b)
		return slices.Clone(b), err
	}, `SELECT statement FROM template_decisions WHERE name = ? AND version = ? ORDER BY seq`, name, version)
}

// maxComments bounds the comments on one version.
const maxComments = 1000

// AddTemplateComment adds a comment and returns it with its number. The version
// must be there.
func (s *Store) AddTemplateComment(ctx context.Context, name string, version int, c TemplateComment) (TemplateComment, error) {
	err := s.tx(ctx, func(tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) + 1 FROM template_comments WHERE name = ? AND version = ?`, name, version).Scan(&c.Number); err != nil {
			return err
		}
		if c.Number > maxComments {
			return ErrTooMany
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO template_comments (name, version, number, clause, author, text, created, resolved_by, resolved) VALUES (?,?,?,?,?,?,?,'',NULL)`,
			name, version, c.Number, c.Clause, c.Author, c.Text, toNano(c.Created))
		return err
	})
	return c, err
}

// ResolveTemplateComment marks an open comment as resolved. Another is
// ErrNotFound.
func (s *Store) ResolveTemplateComment(ctx context.Context, name string, version, number int, by string, at time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE template_comments SET resolved_by = ?, resolved = ? WHERE name = ? AND version = ? AND number = ? AND resolved IS NULL`,
			by, toNano(at), name, version, number)
		if err != nil {
			return err
		}
		return oneRow(r, ErrNotFound)
	})
}

// TemplateComments lists the comments on a version.
func (s *Store) TemplateComments(ctx context.Context, name string, version int) (out []TemplateComment, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		out, err = collect(ctx, tx, func(r scanner) (TemplateComment, error) {
			var c TemplateComment
			var created, resolved sql.NullInt64
			err := r.Scan(&c.Number, &c.Clause, &c.Author, &c.Text, &created, &c.ResolvedBy, &resolved)
			c.Created, c.Resolved = fromNano(created), fromNano(resolved)
			return c, err
		}, `SELECT number, clause, author, text, created, resolved_by, resolved FROM template_comments WHERE name = ? AND version = ? ORDER BY number`, name, version)
		return err
	})
	return out, err
}
