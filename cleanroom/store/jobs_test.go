package store

import (
	"context"
	"reflect"
	"testing"
)

func job(version, id string) AlignmentJob {
	return AlignmentJob{
		AlignmentKey: AlignmentKey{"a1", "orders", version, "exposures", "p1", "C"},
		ID:           id, Peer: "agency", Session: [32]byte{1}, Terms: [32]byte{2}, WrappedKey: []byte("k"), Created: at(5),
	}
}

func TestAlignmentJobs(t *testing.T) {
	s, path := newStore(t)
	ctx := context.Background()
	wantErr(t, s.PutAlignmentJob(ctx, job("v1", "j1")), ErrNotFound) // agreement unknown
	must(t, s.PutAgreement(ctx, "a1", []byte("e"), AgreementActive, at(1)))
	must(t, s.PutAlignmentJob(ctx, job("v1", "j1")))
	wantErr(t, s.PutAlignmentJob(ctx, job("v1", "j2")), ErrExists) // the same two versions
	wantErr(t, s.PutAlignmentJob(ctx, job("v2", "j1")), ErrExists) // the same id
	later := job("v2", "j2")
	later.Created = at(6)
	must(t, s.PutAlignmentJob(ctx, later))
	must(t, s.Close())
	s = reopen(t, path)
	got, err := s.AlignmentJob(ctx, job("v1", "").AlignmentKey)
	must(t, err)
	if !reflect.DeepEqual(got, job("v1", "j1")) {
		t.Fatalf("got %+v", got)
	}
	other := got.AlignmentKey
	other.PeerVersion = "p2"
	_, err = s.AlignmentJob(ctx, other)
	wantErr(t, err, ErrNotFound)
	latest, err := s.LatestAlignmentJob(ctx, "a1", "orders", "v2", "exposures")
	must(t, err)
	none, err := s.LatestAlignmentJob(ctx, "a1", "orders", "v3", "exposures")
	must(t, err)
	if latest != "j2" || none != "" {
		t.Fatalf("latest jobs are %q and %q", latest, none)
	}
	must(t, s.DeleteAlignmentJob(ctx, "j1"))
	must(t, s.DeleteAlignmentJob(ctx, "j1"))
	all, err := s.AlignmentJobs(ctx)
	must(t, err)
	if !reflect.DeepEqual(all, []AlignmentJob{later}) {
		t.Fatalf("left are %+v", all)
	}
}
