package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// Every step between states, allowed or not, and that none leads out of an end
// even for somebody who writes SQL.
func TestAgreementStates(t *testing.T) {
	ctx := context.Background()
	all := []AgreementState{AgreementPending, AgreementActive, AgreementSuspended, AgreementSuperseded, AgreementRevoked, AgreementExpired}
	const allowed = `PENDING: PENDING ACTIVE SUSPENDED SUPERSEDED REVOKED EXPIRED
ACTIVE: ACTIVE SUSPENDED SUPERSEDED REVOKED EXPIRED
SUSPENDED: ACTIVE SUSPENDED SUPERSEDED REVOKED EXPIRED
SUPERSEDED: SUPERSEDED
REVOKED: REVOKED
EXPIRED: EXPIRED
`
	var got strings.Builder
	s, _ := newStore(t)
	for i, from := range all {
		fmt.Fprintf(&got, "%s:", from)
		for j, to := range all {
			id := fmt.Sprintf("a%d%d", i, j)
			must(t, s.PutAgreement(ctx, id, []byte("e"), from, at(1)))
			switch err := s.PutAgreement(ctx, id, []byte("f"), to, at(2)); {
			case err == nil:
				fmt.Fprintf(&got, " %s", to)
			case !errors.Is(err, ErrTransition):
				t.Fatal(err)
			}
			if from.Final() && from != to {
				err := s.tx(ctx, func(tx *sql.Tx) error {
					_, err := tx.ExecContext(ctx, `UPDATE agreements SET state = ? WHERE id = ?`, string(to), id)
					return err
				})
				if err == nil || !strings.Contains(err.Error(), "an agreement that has ended stays so") {
					t.Errorf("%s to %s by SQL: %v", from, to, err)
				}
			}
		}
		got.WriteString("\n")
	}
	if got.String() != allowed {
		t.Errorf("got\n%swant\n%s", got.String(), allowed)
	}
}

// Several agreements change together or not at all.
func TestPutAgreementsTogether(t *testing.T) {
	ctx := context.Background()
	s, _ := newStore(t)
	must(t, s.PutAgreement(ctx, "old", []byte("e"), AgreementRevoked, at(1)))
	err := s.PutAgreements(ctx, []AgreementRow{{ID: "new", Envelope: []byte("n"), State: AgreementActive, Predecessor: "old"},
		{ID: "old", Envelope: []byte("e"), State: AgreementSuperseded}}, at(2))
	wantErr(t, err, ErrTransition)
	_, err = s.AgreementRow(ctx, "new")
	wantErr(t, err, ErrNotFound)
	must(t, s.PutAgreement(ctx, "other", []byte("e"), AgreementActive, at(1)))
	must(t, s.PutAgreements(ctx, []AgreementRow{{ID: "new", Envelope: []byte("n"), State: AgreementActive, Predecessor: "other"},
		{ID: "other", Envelope: []byte("e"), State: AgreementSuperseded, By: "shop", Reason: "r"}}, at(2)))
	rows, err := s.Amendments(ctx, "other")
	must(t, err)
	if len(rows) != 1 || rows[0].ID != "new" {
		t.Errorf("%v", rows)
	}
	row, err := s.AgreementRow(ctx, "other")
	must(t, err)
	if row.State != AgreementSuperseded || row.By != "shop" || row.Reason != "r" || !row.Since.Equal(at(2)) {
		t.Errorf("%+v", row)
	}
}

// A partner's proposals are bounded in number, in a day, in versions and in
// bytes; the same one again costs nothing.
func TestProposalAllowance(t *testing.T) {
	ctx := context.Background()
	s, _ := newStore(t)
	a := Allowance{Open: 2, Opened: 3, Versions: 2, Bytes: 50, Window: time.Hour}
	put := func(n string, number int, agreement string, size int, sec int) error {
		_, err := s.PutProposal(ctx, Proposal{Negotiation: n, Number: number, Agreement: agreement, By: "shop",
			Envelope: make([]byte, size), Said: at(sec), Received: at(sec)}, a)
		return err
	}
	must(t, put("n1", 1, "a1", 10, 1))
	must(t, put("n1", 1, "a1", 10, 1)) // again
	must(t, put("n1", 2, "a2", 10, 1))
	wantErr(t, put("n1", 3, "a3", 10, 1), ErrAllowance)
	must(t, put("n2", 1, "a1", 10, 1))
	wantErr(t, put("n3", 1, "a1", 10, 1), ErrAllowance)
	must(t, s.EndNegotiation(ctx, "n1", Terminated, "shop", "no", at(2)))
	wantErr(t, put("n1", 3, "a3", 10, 1), ErrOver)
	must(t, put("n3", 1, "a1", 10, 3))
	must(t, s.EndNegotiation(ctx, "n2", Terminated, "shop", "no", at(2)))
	wantErr(t, put("n4", 1, "a1", 10, 3), ErrAllowance)
	wantErr(t, put("n3", 2, "a1", 11, 3), ErrAllowance)
	must(t, put("n4", 1, "a1", 10, 3+3601))
	wantErr(t, s.EndNegotiation(ctx, "n1", Finalized, "shop", "", at(4)), ErrOver)
	n, versions, err := s.Negotiation(ctx, "n1")
	must(t, err)
	if n.State != Terminated || n.By != "shop" || n.Reason != "no" || len(versions) != 2 || versions[1].Agreement != "a2" {
		t.Errorf("%+v %+v", n, versions)
	}
}

// Notices of a member come in order, each with what it makes of the agreement.
func TestNotices(t *testing.T) {
	ctx := context.Background()
	s, _ := newStore(t)
	must(t, s.PutAgreement(ctx, "a1", []byte("e"), AgreementActive, at(1)))
	put := func(seq int64, kind string, to AgreementState) error {
		return s.PutNotice(ctx, Notice{Agreement: "a1", Member: "shop", Sequence: seq, Kind: kind, Envelope: []byte("n"), Received: at(2)},
			AgreementRow{ID: "a1", Envelope: []byte("e"), State: to, By: "shop"}, at(2))
	}
	wantErr(t, put(2, "suspend", AgreementSuspended), ErrSequence)
	must(t, put(1, "suspend", AgreementSuspended))
	wantErr(t, put(1, "resume", AgreementActive), ErrSequence)
	must(t, put(2, "revoke", AgreementRevoked))
	wantErr(t, put(3, "resume", AgreementActive), ErrTransition)
	all, err := s.Notices(ctx, "a1")
	must(t, err)
	if len(all) != 2 || all[1].Kind != "revoke" {
		t.Errorf("%v", all)
	}
}

// The outbox keeps its order and its refusals; the clock does not go back.
func TestOutboxAndClock(t *testing.T) {
	ctx := context.Background()
	s, path := newStore(t)
	for _, item := range []string{"one", "two", "one"} {
		must(t, s.PutLetter(ctx, Letter{Partner: "shop", Card: []byte("{}"), Item: item, Path: "/x", Body: []byte(item), Created: at(1)}))
	}
	all, err := s.Letters(ctx)
	must(t, err)
	if len(all) != 2 || all[0].Item != "one" || string(all[1].Body) != "two" {
		t.Fatalf("%v", all)
	}
	must(t, s.LetterRefused(ctx, all[0].Seq, "limit"))
	must(t, s.LetterDone(ctx, all[1].Seq))
	must(t, s.PutLetter(ctx, Letter{Partner: "shop", Card: []byte("{}"), Item: "one", Path: "/x", Body: []byte("1"), Created: at(1)}))
	must(t, s.SeeTime(ctx, at(9)))
	must(t, s.SeeTime(ctx, at(3)))
	must(t, s.Close())
	s = reopen(t, path)
	all, err = s.Letters(ctx)
	must(t, err)
	if len(all) != 1 || all[0].Refused != "limit" {
		t.Errorf("%v", all)
	}
	if seen, err := s.TimeSeen(ctx); err != nil || !seen.Equal(at(9)) {
		t.Errorf("%v %v", seen, err)
	}
}
