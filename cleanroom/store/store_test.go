package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var t0 = time.Date(2031, 2, 3, 4, 5, 6, 7, time.UTC)

func at(n int) time.Time { return t0.Add(time.Duration(n) * time.Second) }

func newStore(t *testing.T) (*Store, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.db")
	return reopen(t, path), path
}

func reopen(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(context.Background(), path, at(1000))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

func TestAgreements(t *testing.T) {
	s, path := newStore(t)
	ctx := context.Background()
	_, err := s.Agreement(ctx, "a1")
	wantErr(t, err, ErrNotFound)
	must(t, s.PutAgreement(ctx, "a1", []byte("one signature"), AgreementPending, at(1)))
	must(t, s.PutAgreement(ctx, "a1", []byte("two signatures"), AgreementActive, at(2)))
	must(t, s.PutAgreement(ctx, "a2", []byte("other"), AgreementPending, at(3)))
	must(t, s.Close())
	s = reopen(t, path)
	got, err := s.Agreements(ctx)
	must(t, err)
	want := []AgreementRow{
		{ID: "a2", Envelope: []byte("other"), State: AgreementPending, FirstSeen: at(3), Updated: at(3), Since: at(3)},
		{ID: "a1", Envelope: []byte("two signatures"), State: AgreementActive, FirstSeen: at(1), Updated: at(2), Since: at(2)},
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	envelope, err := s.Agreement(ctx, "a1")
	must(t, err)
	if string(envelope) != "two signatures" {
		t.Fatalf("got %q", envelope)
	}
}

func TestEndedAgreementStaysEnded(t *testing.T) {
	s, _ := newStore(t)
	ctx := context.Background()
	must(t, s.PutAgreement(ctx, "a1", []byte("e"), AgreementActive, at(1)))
	must(t, s.PutAgreement(ctx, "a1", []byte("e"), AgreementRevoked, at(2)))
	wantErr(t, s.PutAgreement(ctx, "a1", []byte("e"), AgreementActive, at(3)), ErrTransition)
	row, err := s.AgreementRow(ctx, "a1")
	must(t, err)
	if row.State != AgreementRevoked {
		t.Fatalf("an ended agreement became %s", row.State)
	}
}

func dataset(version string, n int) Dataset {
	return Dataset{
		Name: "orders", Version: version, Contract: []byte("kind: DataContract\n"), ContractHash: "sha256:c",
		Rules: []byte(`{"unit":{}}`), SnapshotPath: "/data/" + version, WrappedKey: []byte("wrapped " + version),
		Rows: int64(n), Units: 2, Dropped: 1, ImportedAt: at(n), Current: true,
	}
}

func TestDatasets(t *testing.T) {
	s, path := newStore(t)
	ctx := context.Background()
	must(t, s.PutDataset(ctx, dataset("v1", 1)))
	must(t, s.PutDataset(ctx, dataset("v2", 2)))
	wantErr(t, s.PutDataset(ctx, dataset("v1", 3)), ErrExists)
	must(t, s.Close())
	s = reopen(t, path)
	got, err := s.Dataset(ctx, "orders")
	must(t, err)
	if want := dataset("v2", 2); !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v, want %+v", got, want)
	}
	history, err := s.DatasetHistory(ctx, "orders")
	must(t, err)
	old := dataset("v1", 1)
	old.Current = false
	if want := []Dataset{dataset("v2", 2), old}; !reflect.DeepEqual(history, want) {
		t.Fatalf("got %+v, want %+v", history, want)
	}
	wantErr(t, s.ShredDataset(ctx, "orders", "v2"), ErrNotFound) // in use
	must(t, s.ShredDataset(ctx, "orders", "v1"))
	history, err = s.DatasetHistory(ctx, "orders")
	must(t, err)
	if len(history[1].WrappedKey) != 0 || history[1].SnapshotPath != "" || history[1].Rows != 1 {
		t.Fatalf("shredded version still reads %+v", history[1])
	}
}

func alignment(version, id string) Alignment {
	return Alignment{
		AlignmentKey: AlignmentKey{"a1", "orders", version, "exposures", "p1", "C"},
		Peer:         "agency", ID: id, Slots: 4096, WrappedKey: []byte("k"), Path: "/slots/" + id,
		TranscriptHash: "t", Created: at(5),
	}
}

func TestAlignments(t *testing.T) {
	s, _ := newStore(t)
	ctx := context.Background()
	_, err := s.PutAlignment(ctx, alignment("v1", "x1"))
	wantErr(t, err, ErrNotFound) // agreement unknown
	must(t, s.PutAgreement(ctx, "a1", []byte("e"), AgreementActive, at(1)))
	items := alignment("v2", "x3")
	items.OwnDataset = "items"
	var before []Alignment // each but the last takes the place of the one before
	for _, a := range []Alignment{alignment("v0", "x0"), alignment("v1", "x1"), alignment("v1", "x2"), items} {
		replaced, err := s.PutAlignment(ctx, a)
		must(t, err)
		if a.OwnDataset == "items" {
			before = nil
		}
		if !reflect.DeepEqual(replaced, before) {
			t.Fatalf("%s took the place of %+v, want %+v", a.ID, replaced, before)
		}
		before = []Alignment{a}
	}
	all, err := s.Alignments(ctx)
	must(t, err)
	if want := []Alignment{alignment("v1", "x2"), items}; !reflect.DeepEqual(all, want) {
		t.Fatalf("got %+v, want %+v", all, want)
	}
	got, err := s.Alignment(ctx, alignment("v1", "").AlignmentKey)
	must(t, err)
	if want := alignment("v1", "x2"); !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v, want %+v", got, want)
	}
	other := got.AlignmentKey
	other.OwnRole = "P"
	_, err = s.Alignment(ctx, other)
	wantErr(t, err, ErrNotFound)
	latest, err := s.LatestAlignment(ctx, "a1", "orders", "v1", "exposures")
	must(t, err)
	none, err := s.LatestAlignment(ctx, "a1", "orders", "v9", "exposures")
	must(t, err)
	if latest != "x2" || none != "" {
		t.Fatalf("latest alignments are %q and %q", latest, none)
	}
	removed, err := s.DeleteAlignmentsFor(ctx, "orders", "v1")
	must(t, err)
	if want := []Alignment{alignment("v1", "x2")}; !reflect.DeepEqual(removed, want) {
		t.Fatalf("removed %+v, want %+v", removed, want)
	}
	removed, err = s.DeleteAlignmentsFor(ctx, "exposures", "p1")
	must(t, err)
	if len(removed) != 1 || removed[0].ID != "x3" {
		t.Fatalf("removed %+v", removed)
	}
}

func TestOneProcess(t *testing.T) {
	t.Parallel()
	_, path := newStore(t)
	_, err := Open(context.Background(), path, t0)
	wantErr(t, err, ErrInUse)
}

func TestFileIsPrivate(t *testing.T) {
	s, path := newStore(t)
	must(t, s.PutAgreement(context.Background(), "a1", []byte("e"), AgreementActive, at(1)))
	files, err := filepath.Glob(path + "*")
	must(t, err)
	for _, f := range files {
		info, err := os.Stat(f)
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", filepath.Base(f), info.Mode())
		}
	}
}

// A flipped bit is an error at the next start, or changes nothing. Flips
// are made at every 211th byte of the closed file.
func TestFlippedBits(t *testing.T) {
	s, path := newStore(t)
	ctx := context.Background()
	must(t, s.PutAgreement(ctx, "a1", []byte("the envelope"), AgreementActive, at(1)))
	must(t, s.PutDataset(ctx, dataset("v1", 1)))
	must(t, s.Close())
	clean, err := os.ReadFile(path)
	must(t, err)
	want := dump(t, path)
	refused := 0
	for i := 0; i < len(clean); i += 211 {
		bad := append([]byte(nil), clean...)
		bad[i] ^= 1 << (i % 8)
		must(t, os.WriteFile(path, bad, 0o600))
		got, err := tryDump(path)
		if err != nil {
			refused++
		} else if got != want {
			t.Fatalf("flip at byte %d was read as\n%s\nwant\n%s", i, got, want)
		}
	}
	if tried := len(clean)/211 + 1; refused < tried*9/10 {
		t.Fatalf("only %d of %d flips were seen", refused, tried)
	}
}

// A statement that is cut short by its caller's end says so.
func TestInterrupted(t *testing.T) {
	if err := explain(sqlite3.INTERRUPT); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
