package store

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"
)

func partner(name, key string) Partner {
	return Partner{Name: name, Looks: name, Card: []byte(`{"name":"` + name + `"}`), IdentityKey: "id-" + key, Fingerprint: "tls-" + key,
		Met: MetJoined, Invitation: "i0", MetAt: at(1)}
}

// A partner is confirmed once, and a removed one leaves its name and keys free
// and takes its offers along.
func TestPartners(t *testing.T) {
	s, _ := newStore(t)
	ctx := context.Background()
	must(t, s.PutPartner(ctx, partner("beta", "b")))
	for _, same := range []Partner{partner("beta", "x"), {Name: "b", Looks: "b", Card: []byte("{}"), IdentityKey: "id-b", Fingerprint: "t", Met: MetJoined, MetAt: at(1)},
		{Name: "b", Looks: "b", Card: []byte("{}"), IdentityKey: "i", Fingerprint: "tls-b", Met: MetJoined, MetAt: at(1)}} {
		wantErr(t, s.PutPartner(ctx, same), ErrExists)
	}
	moved := partner("beta", "b")
	moved.Card = []byte(`{"name":"beta","address":"b:1"}`)
	must(t, s.SetPartnerCard(ctx, moved))
	wantErr(t, s.SetPartnerCard(ctx, partner("beta", "x")), ErrNotFound)
	got, err := s.Partner(ctx, "beta")
	must(t, err)
	must(t, s.OfferDataset(ctx, "orders", got.Seq, at(2)))
	must(t, s.OfferDataset(ctx, "orders", got.Seq, at(3)))
	must(t, s.ConfirmPartner(ctx, got.Seq, "anna", at(4)))
	wantErr(t, s.ConfirmPartner(ctx, got.Seq, "eve", at(5)), ErrNotFound)
	all, err := s.Partners(ctx)
	must(t, err)
	want := moved
	want.Seq, want.Confirmed, want.ConfirmedBy = got.Seq, at(4), "anna"
	if !reflect.DeepEqual(all, []Partner{want}) {
		t.Fatalf("got %+v, want %+v", all, want)
	}
	offered, err := s.OfferedDatasets(ctx, got.Seq)
	must(t, err)
	if !reflect.DeepEqual(offered, []string{"orders"}) {
		t.Fatalf("offered %v", offered)
	}
	must(t, s.RemovePartner(ctx, got.Seq, "anna", at(6)))
	wantErr(t, s.RemovePartner(ctx, got.Seq, "anna", at(7)), ErrNotFound)
	must(t, s.PutPartner(ctx, partner("beta", "b")))
	again, err := s.Partner(ctx, "beta")
	must(t, err)
	if offered, err = s.OfferedDatasets(ctx, again.Seq); again.Seq == got.Seq || !again.Confirmed.IsZero() || len(offered) > 0 || err != nil {
		t.Fatalf("the new beta is %+v and is offered %v (%v)", again, offered, err)
	}
}

// Of ten that use one invitation at once one does, and what did not come true
// leaves no partner behind.
func TestInvitationOnce(t *testing.T) {
	s, _ := newStore(t)
	ctx := context.Background()
	must(t, s.PutInvitation(ctx, Invitation{ID: "i1", Proof: []byte("p"), Note: "for beta", Created: at(0), Expires: at(100)}, 2))
	results := make(chan error)
	for i := range 10 {
		go func() {
			key := string(rune('a' + i))
			results <- s.UseInvitation(ctx, "i1", partner(key, key), true, at(10))
		}()
	}
	used := 0
	for range 10 {
		switch err := <-results; {
		case err == nil:
			used++
		case !errors.Is(err, ErrNotFound):
			t.Error(err)
		}
	}
	all, err := s.Partners(ctx)
	must(t, err)
	if used != 1 || len(all) != 1 {
		t.Fatalf("%d uses made %d partners", used, len(all))
	}
	got, err := s.Invitation(ctx, "i1")
	must(t, err)
	if got.UsedBy != all[0].Name || got.Used != at(10) || got.Partner != all[0].Seq || string(got.Proof) != "p" {
		t.Fatalf("%+v", got)
	}
	wantErr(t, s.WithdrawInvitation(ctx, "i1", at(11)), ErrNotFound)
}

func TestInvitationEnds(t *testing.T) {
	s, _ := newStore(t)
	ctx := context.Background()
	put := func(id string, created int) error {
		return s.PutInvitation(ctx, Invitation{ID: id, Proof: []byte("p"), Created: at(created), Expires: at(created + 100)}, 2)
	}
	must(t, put("i1", 0))
	must(t, put("i2", 0))
	wantErr(t, put("i3", 1), ErrTooManyInvitations)
	must(t, s.WithdrawInvitation(ctx, "i1", at(2)))
	wantErr(t, s.WithdrawInvitation(ctx, "i1", at(3)), ErrNotFound)
	wantErr(t, s.UseInvitation(ctx, "i1", partner("a", "a"), true, at(3)), ErrNotFound)
	must(t, put("i3", 3))
	wantErr(t, s.UseInvitation(ctx, "i2", partner("a", "a"), true, at(100)), ErrNotFound) // run out
	must(t, put("i4", 101))
	all, err := s.Invitations(ctx, 10)
	must(t, err)
	proofs := map[string]string{}
	for _, i := range all {
		proofs[i.ID] = string(i.Proof)
	}
	if want := map[string]string{"i1": "", "i2": "", "i3": "p", "i4": "p"}; !reflect.DeepEqual(proofs, want) {
		t.Fatalf("proofs %v, want %v", proofs, want)
	}
	must(t, s.UseInvitation(ctx, "i3", partner("c", "c"), true, at(102)))
	wantErr(t, s.UseInvitation(ctx, "i4", partner("c", "c"), true, at(103)), ErrExists)
	c, err := s.Partner(ctx, "c")
	must(t, err)
	must(t, s.UseInvitation(ctx, "i4", c, false, at(103).Add(time.Second)))
}
