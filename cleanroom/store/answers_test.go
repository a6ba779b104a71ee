package store

import (
	"context"
	"testing"
	"time"
)

// An answer is found for the very question, receiver, agreement and own version
// it was given for; of several the newest, whatever the partner's version; and
// not when its run failed or its answer was removed.
func TestAnswers(t *testing.T) {
	s, _ := storeWithAgreement(t)
	ctx := context.Background()
	done := func(id string, n int) {
		t.Helper()
		must(t, s.PutRun(ctx, run(id, n)))
		must(t, s.UpdateRun(ctx, id, RunUpdate{State: Started}))
		must(t, s.UpdateRun(ctx, id, RunUpdate{State: Success, Finished: at(n + 1), Sealed: []byte(id), ReceiptHash: "h"}))
	}
	found := func(what string, k AnswerKey, wantRun, wantPeer string) {
		t.Helper()
		r, peer, err := s.LatestAnswer(ctx, k)
		if wantRun == "" {
			wantErr(t, err, ErrNotFound)
			return
		}
		if err != nil || r.ID != wantRun || peer != wantPeer {
			t.Errorf("%s: run %q over %q, %v; want %q over %q", what, r.ID, peer, err, wantRun, wantPeer)
		}
	}
	k := AnswerKey{Agreement: "a1", PlanHash: "p", Receiver: "m", OwnVersion: "v1", PeerVersion: "w1"}
	found("nothing yet", k, "", "")
	done("r1", 1)
	must(t, s.PutAnswer(ctx, k, "r1"))
	found("the first", k, "r1", "w1")
	for what, other := range map[string]AnswerKey{
		"another agreement":   {"a2", "p", "m", "v1", "w1"},
		"another plan":        {"a1", "q", "m", "v1", "w1"},
		"another receiver":    {"a1", "p", "n", "v1", "w1"},
		"another own version": {"a1", "p", "m", "v2", "w1"},
	} {
		found(what, other, "", "")
	}
	newer := k
	newer.PeerVersion = "w2"
	done("r2", 2)
	must(t, s.PutAnswer(ctx, newer, "r2"))
	found("over the partner's new version", k, "r2", "w2")
	done("r3", 3)
	must(t, s.PutAnswer(ctx, newer, "r3"))
	found("computed anew", k, "r3", "w2")

	must(t, s.PutRun(ctx, run("r4", 4)))
	must(t, s.PutAnswer(ctx, newer, "r4"))
	found("a run that has no answer yet", k, "r1", "w1")
	must(t, s.UpdateRun(ctx, "r4", RunUpdate{State: Failed, Finished: at(5), Error: "x"}))
	found("a run that failed", k, "r1", "w1")
}

// TestFilledFileOfVersion3 brings a state file of the third version, with
// something in every table, up to date: nothing in it is lost or changed.
func TestFilledFileOfVersion3(t *testing.T) {
	s, path := storeWithAgreement(t)
	ctx := context.Background()
	must(t, s.PutRun(ctx, run("r1", 1)))
	must(t, s.UpdateRun(ctx, "r1", RunUpdate{State: Started, Stage: "align"}))
	must(t, s.UpdateRun(ctx, "r1", RunUpdate{State: Success, Finished: at(2), Sealed: []byte("age"), ReceiptHash: "h", Receipt: []byte("e")}))
	must(t, s.PutRun(ctx, run("r2", 3)))
	d := Dataset{Name: "orders", Version: "v1", Contract: []byte("c"), ContractHash: "ch", Rules: []byte("{}"), SnapshotPath: "p", WrappedKey: []byte("k"),
		Rows: 5, Units: 4, Dropped: 1, ImportedAt: at(1)}
	must(t, s.PutDataset(ctx, d))
	al := Alignment{AlignmentKey: AlignmentKey{Agreement: "a1", OwnDataset: "orders", OwnVersion: "v1", PeerDataset: "ads", PeerVersion: "w", OwnRole: "C"},
		Peer: "p", ID: "al", Slots: 7, WrappedKey: []byte("k"), Path: "f", TranscriptHash: "t", Created: at(1)}
	_, err := s.PutAlignment(ctx, al)
	must(t, err)
	must(t, s.Close())
	downTo(t, path, 3, `UPDATE agreements SET state = 'ACTIVE'`)

	s = reopen(t, path)
	if row, err := s.AgreementRow(ctx, "a1"); err != nil || row.State != AgreementActive || string(row.Envelope) != "e" || !row.Updated.Equal(at(0)) {
		t.Errorf("%+v %v", row, err)
	}
	if r, err := s.Run(ctx, "r1"); err != nil || r.State != Success || string(r.Sealed) != "age" || r.ReceiptHash != "h" || string(r.Receipt) != "e" || !r.Removed.IsZero() || r.StoredFrom != "" {
		t.Errorf("%+v %v", r, err)
	}
	if r, err := s.Run(ctx, "r2"); err != nil || r.State != Failed || r.Error != "the node stopped during the run" || !r.Created.Equal(at(3)) {
		t.Errorf("%+v %v", r, err)
	}
	if got, err := s.Dataset(ctx, "orders"); err != nil || got.Version != "v1" || got.Rows != 5 || got.Units != 4 || string(got.WrappedKey) != "k" || !got.ImportedAt.Equal(at(1)) {
		t.Errorf("%+v %v", got, err)
	}
	if got, err := s.Alignment(ctx, al.AlignmentKey); err != nil || got.ID != "al" || got.Slots != 7 || got.TranscriptHash != "t" {
		t.Errorf("%+v %v", got, err)
	}
	// What came since has its tables, empty, and takes entries.
	if got, err := s.Charges(ctx, 1, 10); err != nil || len(got) != 0 {
		t.Errorf("%v %v", got, err)
	}
	must(t, s.PutAnswer(ctx, AnswerKey{Agreement: "a1", PlanHash: "p", Receiver: "m", OwnVersion: "v1"}, "r1"))
	if r, _, err := s.LatestAnswer(ctx, AnswerKey{Agreement: "a1", PlanHash: "p", Receiver: "m", OwnVersion: "v1"}); err != nil || r.ID != "r1" {
		t.Errorf("%q %v", r.ID, err)
	}
	must(t, s.AddCharges(ctx, 0, [32]byte{}, []Charge{{Seq: 1, Kind: "run", Dataset: "orders", Version: "v1", Time: time.Unix(9, 0), Chain: [32]byte{1}}}))
}
