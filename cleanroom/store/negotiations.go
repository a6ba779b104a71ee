package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// NegotiationState says how far the talks about an agreement are; the words
// are those of the Dataspace Protocol.
type NegotiationState string

// States of a negotiation.
const (
	Offered    NegotiationState = "OFFERED"    // a version lies on the table
	Agreed     NegotiationState = "AGREED"     // some members have signed it
	Finalized  NegotiationState = "FINALIZED"  // every member has signed
	Terminated NegotiationState = "TERMINATED" // a member ended the talks
)

// Final reports whether the talks are over.
func (s NegotiationState) Final() bool { return s == Finalized || s == Terminated }

// Negotiation is the talks of some members about one agreement.
type Negotiation struct {
	ID       string
	OpenedBy string // the member who made the first proposal
	State    NegotiationState
	By       string // who ended it, or ""
	Reason   string
	Created  time.Time
	Updated  time.Time
}

const negotiationColumns = `id, opened_by, state, by_member, reason, created, updated`

func scanNegotiation(r scanner) (Negotiation, error) {
	var n Negotiation
	var created, updated sql.NullInt64
	err := r.Scan(&n.ID, &n.OpenedBy, &n.State, &n.By, &n.Reason, &created, &updated)
	n.Created, n.Updated = fromNano(created), fromNano(updated)
	return n, err
}

// Proposal is one version that was on the table of a negotiation.
type Proposal struct {
	Negotiation string
	Number      int
	Agreement   string // id of the agreement in Envelope
	By          string
	Message     string
	Envelope    []byte // without signatures
	Said        time.Time
	Received    time.Time
}

const proposalColumns = `negotiation, number, agreement, by_member, message, envelope, said, received`

func scanProposal(r scanner) (Proposal, error) {
	var p Proposal
	var said, received sql.NullInt64
	err := r.Scan(&p.Negotiation, &p.Number, &p.Agreement, &p.By, &p.Message, &p.Envelope, &said, &received)
	p.Said, p.Received = fromNano(said), fromNano(received)
	return p, err
}

// Allowance bounds what one member may lay on tables here.
type Allowance struct {
	Open     int           // negotiations that it opened and that are not over
	Opened   int           // negotiations that it opened within Window
	Versions int           // of one negotiation, by all its members
	Bytes    int64         // of its drafts received within Window
	Window   time.Duration // before the proposal
}

// ErrAllowance says that a member has laid too much on tables here.
var ErrAllowance = errors.New("as many proposals as are allowed lie here")

// ErrOver says that the negotiation has ended.
var ErrOver = errors.New("the negotiation is over")

// PutProposal lays a version on the table of a negotiation; the first opens
// it. The same version again changes nothing and reports false. Pass the zero
// Allowance for proposals of this node's own.
func (s *Store) PutProposal(ctx context.Context, p Proposal, a Allowance) (fresh bool, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		opens, known, err := judged(ctx, tx, p, a)
		if err != nil || known {
			return err
		}
		if opens {
			_, err = tx.ExecContext(ctx, `INSERT INTO negotiations (`+negotiationColumns+`) VALUES (?1, ?2, 'OFFERED', '', '', ?3, ?3)`,
				p.Negotiation, p.By, toNano(p.Received))
		} else {
			_, err = tx.ExecContext(ctx, `UPDATE negotiations SET state = 'OFFERED', updated = ? WHERE id = ?`, toNano(p.Received), p.Negotiation)
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO proposals (`+proposalColumns+`) VALUES (?,?,?,?,?,?,?,?)`,
			p.Negotiation, p.Number, p.Agreement, p.By, p.Message, p.Envelope, toNano(p.Said), toNano(p.Received))
		fresh = err == nil
		return err
	})
	return fresh, err
}

// TryProposal says what PutProposal would, and changes nothing.
func (s *Store) TryProposal(ctx context.Context, p Proposal, a Allowance) (fresh bool, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		_, known, err := judged(ctx, tx, p, a)
		fresh = err == nil && !known
		return err
	})
	return fresh, err
}

// judged reports whether a version opens its negotiation, and whether it lies
// there already.
func judged(ctx context.Context, tx *sql.Tx, p Proposal, a Allowance) (opens, known bool, err error) {
	n, err := scanNegotiation(tx.QueryRowContext(ctx, `SELECT `+negotiationColumns+` FROM negotiations WHERE id = ?`, p.Negotiation))
	opens = errors.Is(err, sql.ErrNoRows)
	if err != nil && !opens {
		return opens, false, err
	}
	var have int
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM proposals WHERE negotiation = ? AND number = ? AND agreement = ? AND by_member = ?`,
		p.Negotiation, p.Number, p.Agreement, p.By).Scan(&have); err != nil || have > 0 {
		return opens, have > 0, err
	}
	if n.State.Final() {
		return opens, false, ErrOver
	}
	if a == (Allowance{}) {
		return opens, false, nil
	}
	return opens, false, within(ctx, tx, p, a, opens)
}

func within(ctx context.Context, tx *sql.Tx, p Proposal, a Allowance, opens bool) error {
	since := toNano(p.Received.Add(-a.Window))
	for _, l := range []struct {
		applies bool
		most    int64
		query   string
		args    []any
		what    string
	}{
		{opens, int64(a.Open), `SELECT COUNT(*) FROM negotiations WHERE opened_by = ? AND state IN ('OFFERED', 'AGREED')`, []any{p.By}, "open negotiations"},
		{opens, int64(a.Opened), `SELECT COUNT(*) FROM negotiations WHERE opened_by = ? AND created > ?`, []any{p.By, since}, "negotiations a day"},
		{!opens, int64(a.Versions), `SELECT COUNT(*) FROM proposals WHERE negotiation = ?`, []any{p.Negotiation}, "versions of one negotiation"},
	} {
		var n int64
		if !l.applies {
			continue
		}
		if err := tx.QueryRowContext(ctx, l.query, l.args...).Scan(&n); err != nil {
			return err
		}
		if n >= l.most {
			return fmt.Errorf("%w: %s has %d %s", ErrAllowance, p.By, n, l.what)
		}
	}
	var bytes int64
	if err := tx.QueryRowContext(ctx, `SELECT COALESCE(SUM(LENGTH(envelope)), 0) FROM proposals WHERE by_member = ? AND received > ?`, p.By, since).Scan(&bytes); err != nil {
		return err
	}
	if bytes+int64(len(p.Envelope)) > a.Bytes {
		return fmt.Errorf("%w: the drafts of %s take %d bytes a day", ErrAllowance, p.By, bytes)
	}
	return nil
}

// EndNegotiation moves a negotiation to another state. One that is over stays
// as it is: ErrOver, unless it is in that state already.
func (s *Store) EndNegotiation(ctx context.Context, id string, state NegotiationState, by, reason string, now time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		n, err := scanNegotiation(tx.QueryRowContext(ctx, `SELECT `+negotiationColumns+` FROM negotiations WHERE id = ?`, id))
		if err != nil {
			return err
		}
		if n.State == state {
			return nil
		}
		if n.State.Final() {
			return ErrOver
		}
		_, err = tx.ExecContext(ctx, `UPDATE negotiations SET state = ?, by_member = ?, reason = ?, updated = ? WHERE id = ?`,
			string(state), by, reason, toNano(now), id)
		return err
	})
}

// Negotiation returns one with its versions, in the order of their numbers.
func (s *Store) Negotiation(ctx context.Context, id string) (n Negotiation, versions []Proposal, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		n, err = scanNegotiation(tx.QueryRowContext(ctx, `SELECT `+negotiationColumns+` FROM negotiations WHERE id = ?`, id))
		if err != nil {
			return err
		}
		versions, err = collect(ctx, tx, scanProposal, `SELECT `+proposalColumns+` FROM proposals WHERE negotiation = ? ORDER BY number, agreement DESC`, id)
		return err
	})
	return n, versions, err
}

// Negotiations lists them, the newest first.
func (s *Store) Negotiations(ctx context.Context) (out []Negotiation, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		out, err = collect(ctx, tx, scanNegotiation, `SELECT `+negotiationColumns+` FROM negotiations ORDER BY created DESC, id`)
		return err
	})
	return out, err
}

// NegotiationsOf lists the ids of the negotiations that an agreement was a
// version of.
func (s *Store) NegotiationsOf(ctx context.Context, agreement string) (ids []string, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		ids, err = collect(ctx, tx, func(r scanner) (id string, err error) { return id, r.Scan(&id) },
			`SELECT DISTINCT negotiation FROM proposals WHERE agreement = ? ORDER BY negotiation`, agreement)
		return err
	})
	return ids, err
}
