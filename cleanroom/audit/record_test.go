package audit

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"
)

// A receipt is no better than its records: each change of one is refused.
func TestRecordsOfReceipt(t *testing.T) {
	a := fixtureAgreement()
	_, id := signedAgreement(t, a)
	r := fixtureReceipt(t, id)
	elsewhere := func(member string, change func(*Receipt)) BundleRecord {
		other := r
		change(&other)
		p, err := NewReceipt(other)
		must(t, err)
		return recordOf(t, member, p, other, member)
	}
	for what, c := range map[string]struct {
		change func(*Bundle)
		want   string
	}{
		"none":                 {func(b *Bundle) { b.Records = nil }, "the receipt file has not one record of each party's audit log"},
		"one missing":          {func(b *Bundle) { b.Records = b.Records[:1] }, "the receipt file has not one record of each party's audit log"},
		"swapped":              {func(b *Bundle) { b.Records[0], b.Records[1] = b.Records[1], b.Records[0] }, "the records are not in the order of the parties"},
		"another's checkpoint": {func(b *Bundle) { b.Records[0].Checkpoint = b.Records[1].Checkpoint }, "the record of agency: not a signed checkpoint of this log: a signature is missing or wrong"},
		"another index":        {func(b *Bundle) { b.Records[0].Index = 0 }, "the record of agency: its entry is not under its checkpoint"},
		"a changed entry": {func(b *Bundle) { b.Records[1].Entry = strings.Replace(b.Records[1].Entry, "run-7", "run-8", 1) },
			"the record of client: its entry is not under its checkpoint"},
		"a changed proof": {func(b *Bundle) { b.Records[1].Proof[0] = b.Records[1].Proof[1] }, "the record of client: its entry is not under its checkpoint"},
		"no hash":         {func(b *Bundle) { b.Records[1].Proof[0] = "AAAA" }, "the record of client: the proof holds something else than hashes"},
		"another run's entry": {func(b *Bundle) { b.Records[0] = elsewhere("agency", func(r *Receipt) { r.Run = "run-8" }) },
			"the record of agency: its entry is not about this receipt"},
		"another receipt's entry": {func(b *Bundle) { b.Records[1] = elsewhere("client", func(r *Receipt) { r.Withheld = 2 }) },
			"the record of client: its entry is not about this receipt"},
		"another log": {func(b *Bundle) { b.Origin = "other" }, "the record of agency: not a signed checkpoint of this log: a signature is missing or wrong"},
		"a stranger's cosignature": {func(b *Bundle) {
			h, err := OpenHead([]byte(b.Records[0].Checkpoint), origin, keyOf("agency").Public())
			must(t, err)
			note, err := AddCosignature(h, keyOf("agency").Public(), keyOf("mallory"), t0)
			must(t, err)
			b.Records[0].Checkpoint = string(note)
		}, "the record of agency: its checkpoint has a signature of none of the parties"},
	} {
		b := bundleOf(t, a, r, "agency", "client")
		c.change(&b)
		file, err := b.Encode()
		must(t, err)
		if _, err := VerifyBundle(file); err == nil || err.Error() != c.want {
			t.Errorf("%s: got  %v\nwant %s", what, err, c.want)
		}
	}
}

// headOf is the head of a log of n entries, the same for the same arguments.
func headOf(t testing.TB, n int, change ...int) (Head, *Log) {
	t.Helper()
	l := openLog(t, newMemory())
	for i := range n {
		e := entry(i)
		for _, c := range change {
			if i == c {
				e.Run = "another"
			}
		}
		_, err := l.Append(t.Context(), e)
		must(t, err)
	}
	h, err := l.Own()
	must(t, err)
	return h, l
}

func TestCosignature(t *testing.T) {
	h, _ := headOf(t, 3)
	at := time.Unix(1_900_000_000, 5)
	note, err := AddCosignature(h, node.Public(), keyOf("partner"), at)
	must(t, err)
	note2, err := AddCosignature(Head{Note: note, Origin: origin}, node.Public(), keyOf("third"), at.Add(time.Hour))
	must(t, err)
	got, err := OpenHead(note2, origin, node.Public(), keyOf("third").Public(), keyOf("partner").Public(), keyOf("nobody").Public())
	must(t, err)
	if len(got.Witnesses) != 2 || got.Unplaced != 0 || !got.Witnesses[0].Time.Equal(at.Truncate(time.Second).Add(time.Hour)) || got.Size != 3 || got.Root != h.Root {
		t.Errorf("%+v", got)
	}
	// The time is signed, and a cosignature is no signature of the log.
	for i := range note {
		bad := bytes.Clone(note)
		bad[i] ^= 1
		if g, err := OpenHead(bad, origin, node.Public(), keyOf("partner").Public()); err == nil && len(g.Witnesses) > 0 && !g.Witnesses[0].Time.Equal(at.Truncate(time.Second)) {
			t.Errorf("byte %d changed: %+v", i, g)
		}
	}
	if _, err := OpenHead(note, origin, keyOf("partner").Public()); err == nil {
		t.Error("the cosigner was taken for the log's own key")
	}
}

// R55, R57: two heads of one key that do not fit are found, and proven to
// whoever has the file.
func TestForks(t *testing.T) {
	short, _ := headOf(t, 5)
	long, log := headOf(t, 9)
	other, forked := headOf(t, 9, 2)
	same, _ := headOf(t, 5, 2)
	proofOf := func(l *Log) (root string, proof []string, r [32]byte) {
		h, err := l.RootAt(5)
		must(t, err)
		p, err := l.Consistency(9, 5)
		must(t, err)
		return h.String(), EncodeHashes(p), h
	}
	root, proof, _ := proofOf(log)
	badRoot, badProof, _ := proofOf(forked)
	for _, c := range []struct {
		first, second Head
		root          string
		proof         []string
		fork, proven  bool
	}{
		{short, long, root, proof, false, false},
		{short, other, badRoot, badProof, true, true},
		{short, other, "", nil, true, false},
		{short, other, root, badProof, true, false}, // shows nothing
		{other, short, badRoot, badProof, true, true},
		{short, same, "", nil, true, true},
		{short, short, "", nil, false, false},
	} {
		f := Fork{Member: "acme", Key: textKey(node.Public()), Origin: origin, First: string(c.first.Note), Second: string(c.second.Note), Root: c.root, Proof: c.proof}
		b, err := f.Encode()
		must(t, err)
		got, err := VerifyFork(b)
		if (err == nil) != c.fork || err == nil && got.Proven != c.proven {
			t.Errorf("%d and %d entries: %v %+v", c.first.Size, c.second.Size, err, got)
		}
		if err == nil && !strings.Contains(got.Text(), map[bool]string{true: "no log can have both as its past: the log was rewritten", false: "Not verified"}[c.proven]) {
			t.Error(got.Text())
		}
		f.Key = textKey(keyOf("other").Public())
		b, err = f.Encode()
		must(t, err)
		if _, err := VerifyFork(b); err == nil || err.Error() != "the first checkpoint: not a signed checkpoint of this log: a signature is missing or wrong" {
			t.Errorf("another's key: %v", err)
		}
	}
}

func FuzzHead(f *testing.F) {
	h, _ := headOf(f, 3)
	f.Add(h.Note)
	note, err := AddCosignature(h, node.Public(), keyOf("partner"), t0)
	must(f, err)
	f.Add(note)
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := OpenHead(b, origin, node.Public(), keyOf("partner").Public())
		if err == nil && (got.Size != 3 || got.Root != h.Root) {
			t.Fatalf("a head that nobody signed: %+v", got)
		}
	})
}

func FuzzFork(f *testing.F) {
	short, _ := headOf(f, 5)
	same, _ := headOf(f, 5, 2)
	b, err := Fork{Member: "acme", Key: textKey(node.Public()), Origin: origin, First: string(short.Note), Second: string(same.Note)}.Encode()
	must(f, err)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := VerifyFork(b); err == nil {
			_ = got.Text()
		}
	})
}

func textKey(k []byte) string { return base64.StdEncoding.EncodeToString(k) }
