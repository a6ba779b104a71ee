package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Charge is one entry of the ledger of budgets; package ledger gives it its
// meaning. Seq counts from 1 without a gap.
type Charge struct {
	Seq       int64
	Kind      string // run or alignment
	Dataset   string
	Version   string
	Agreement string
	Asker     string
	Peer      string // the other member of an alignment
	Run       string
	PlanHash  string
	Epsilon   string // rationals as text
	Delta     string
	Rho       string
	Slip      string // see plan.DP.Slip; "" where it is not known
	Time      time.Time
	Chain     [32]byte // over this charge and all before it
}

const chargeColumns = `seq, kind, dataset, version, agreement, asker, peer, run, plan_hash, epsilon, delta, rho, slip, time, chain`

func scanCharge(r scanner) (Charge, error) {
	var c Charge
	var at sql.NullInt64
	var chain []byte
	err := r.Scan(&c.Seq, &c.Kind, &c.Dataset, &c.Version, &c.Agreement, &c.Asker, &c.Peer, &c.Run, &c.PlanHash,
		&c.Epsilon, &c.Delta, &c.Rho, &c.Slip, &at, &chain)
	c.Time = fromNano(at)
	copy(c.Chain[:], chain)
	return c, err
}

// ErrMoved says that the ledger's last charge is another one than the caller
// takes it for, so that nothing was charged.
var ErrMoved = errors.New("the ledger's last charge is not the one expected")

// AddCharges appends charges whose Seq and Chain are set, behind the charge
// with number after and chain head (0 and zeros for none), and their anchor.
func (s *Store) AddCharges(ctx context.Context, after int64, head [32]byte, charges []Charge, anchor ...Anchor) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		last, err := lastCharge(ctx, tx)
		if err != nil {
			return err
		}
		if last.Seq != after || last.Chain != head {
			return ErrMoved
		}
		for i, c := range charges {
			if c.Seq != after+int64(i)+1 {
				return fmt.Errorf("%w: charges are numbered in order", ErrMoved)
			}
			_, err := tx.ExecContext(ctx, `INSERT INTO charges (`+chargeColumns+`) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`,
				c.Seq, c.Kind, c.Dataset, c.Version, c.Agreement, c.Asker, c.Peer, c.Run, c.PlanHash,
				c.Epsilon, c.Delta, c.Rho, c.Slip, toNano(c.Time), c.Chain[:])
			if err != nil {
				return err
			}
		}
		return putAnchors(ctx, tx, anchor)
	})
}

func lastCharge(ctx context.Context, tx *sql.Tx) (Charge, error) {
	c, err := scanCharge(tx.QueryRowContext(ctx, `SELECT `+chargeColumns+` FROM charges ORDER BY seq DESC LIMIT 1`))
	if errors.Is(err, sql.ErrNoRows) {
		return Charge{}, nil
	}
	return c, err
}

// Charges lists up to limit charges from number from on, in order.
func (s *Store) Charges(ctx context.Context, from int64, limit int) (out []Charge, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		out, err = collect(ctx, tx, scanCharge, `SELECT `+chargeColumns+` FROM charges WHERE seq >= ? ORDER BY seq LIMIT ?`, from, limit)
		return err
	})
	return out, err
}

// ChargesOf lists the charges since a time on whatever shares an identity, in
// order.
func (s *Store) ChargesOf(ctx context.Context, identity string, since time.Time) (out []Charge, err error) {
	from := int64(-1 << 63)
	if !since.IsZero() {
		from = since.UnixNano()
	}
	err = s.tx(ctx, func(tx *sql.Tx) error {
		out, err = collect(ctx, tx, scanCharge, `SELECT `+chargeColumns+` FROM charges
			WHERE (dataset, version) IN (SELECT dataset, version FROM identities WHERE identity = ?) AND time >= ? ORDER BY seq`, identity, from)
		return err
	})
	return out, err
}

// Identity says which budget a dataset version draws on, and what it was
// recognised by.
type Identity struct {
	Identity    string
	Dataset     string
	Version     string
	Source      string // keyed hash of where the data came from, or ""
	Units       int64
	Fingerprint []byte // keyed hashes of some of its units
}

const identityColumns = `identity, dataset, version, source, units, fingerprint`

func scanIdentity(r scanner) (Identity, error) {
	var i Identity
	err := r.Scan(&i.Identity, &i.Dataset, &i.Version, &i.Source, &i.Units, &i.Fingerprint)
	return i, err
}

// Identify records the identity of a dataset version that has none. choose is
// given all that is known so far, oldest first, and returns the identities
// that it shares; they become one, the first. None: fresh is its identity.
func (s *Store) Identify(ctx context.Context, i Identity, choose func(known []Identity) []string) (identity string, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		known, err := collect(ctx, tx, scanIdentity, `SELECT `+identityColumns+` FROM identities ORDER BY seq`)
		if err != nil {
			return err
		}
		for _, k := range known {
			if k.Dataset == i.Dataset && k.Version == i.Version {
				identity = k.Identity
				return nil
			}
		}
		identity = i.Identity
		if same := choose(known); len(same) > 0 {
			identity = same[0]
			if err := mergeIdentities(ctx, tx, same); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO identities (`+identityColumns+`) VALUES (?,?,?,?,?,?)`,
			identity, i.Dataset, i.Version, i.Source, i.Units, i.Fingerprint)
		return err
	})
	return identity, err
}

func mergeIdentities(ctx context.Context, tx *sql.Tx, same []string) error {
	if len(same) > 1 {
		for _, i := range same { // see Selection.Tag
			if _, err := tx.ExecContext(ctx, `UPDATE selections SET tag = x'' WHERE identity = ?`, i); err != nil {
				return err
			}
		}
	}
	for _, other := range same[1:] {
		for _, table := range []string{"identities", "selections"} {
			if _, err := tx.ExecContext(ctx, `UPDATE `+table+` SET identity = ? WHERE identity = ?`, same[0], other); err != nil {
				return err
			}
		}
	}
	return nil
}

// IdentityOf returns the identity of a dataset version, or ErrNotFound.
func (s *Store) IdentityOf(ctx context.Context, dataset, version string) (i Identity, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		i, err = scanIdentity(tx.QueryRowContext(ctx, `SELECT `+identityColumns+` FROM identities WHERE dataset = ? AND version = ?`, dataset, version))
		return err
	})
	return i, err
}

// Identities lists all of them, oldest first.
func (s *Store) Identities(ctx context.Context) (out []Identity, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		out, err = collect(ctx, tx, scanIdentity, `SELECT `+identityColumns+` FROM identities ORDER BY seq`)
		return err
	})
	return out, err
}

// Secret returns a wrapped key, after keeping the given one if there was none.
func (s *Store) Secret(ctx context.Context, name string, fresh []byte) (wrapped []byte, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO secrets (name, wrapped) VALUES (?, ?) ON CONFLICT DO NOTHING`, name, fresh); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `SELECT wrapped FROM secrets WHERE name = ?`, name).Scan(&wrapped)
	})
	return wrapped, err
}
