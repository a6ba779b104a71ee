package align

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"parley/crypto/curve"
	"parley/crypto/wire"
)

// messagesOf computes everything that both sides send, and their slots, with
// whole lists in memory, from the protocol as the package comment draws it.
func messagesOf(t testing.TB, x *pair, c, p [][]byte) (sent [2]map[wire.Step][]byte, slots [2][]uint32) {
	t.Helper()
	secret := func(cfg Config) secrets {
		s, err := newSecrets(cfg)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	raise := func(list []curve.Point, k curve.Scalar) []curve.Point {
		out := make([]curve.Point, len(list))
		if err := curve.ExpInto(t.Context(), out, list, k, nil); err != nil {
			t.Fatal(err)
		}
		return out
	}
	sorted := func(list []curve.Point) []curve.Point {
		return slices.SortedFunc(slices.Values(list), compare)
	}
	sC, sP := secret(x.c), secret(x.p)
	points := func(units [][]byte, s secrets) []curve.Point {
		out := hashed(t, x.c.Session, units)
		tag := append([]byte(wire.LabelHashToCurve), x.c.Session[:]...)
		dummies := make([]curve.Point, len(s.padding))
		if err := curve.HashToCurve(t.Context(), dummies, tag, func(i int) []byte { return s.padding[i][:] }, nil); err != nil {
			t.Fatal(err)
		}
		return append(out, dummies...)
	}
	hC, hP := points(c, sC), points(p, sP)
	uC, uP := sorted(raise(hC, sC.k)), sorted(raise(hP, sP.k))
	e, eP := sorted(raise(uC, sP.k)), raise(uP, sC.k)
	var left []curve.Point
	for _, point := range e {
		if !slices.Contains(eP, point) {
			left = append(left, point)
		}
	}
	s := sorted(raise(left, sC.m))
	const size = 12
	tag := func(list []curve.Point) (out []string) {
		for i := range list {
			h := wire.Sum(wire.LabelTag, x.c.Session[:], list[i][:])
			out = append(out, string(h[:size]))
		}
		return out
	}
	all := func(list []curve.Point, first, second secrets) []curve.Point {
		return raise(raise(list, first.k.Mul(first.m)), second.k.Mul(second.m))
	}
	tagsC, tagsP := tag(all(hC, sC, sP)), tag(all(hP, sP, sC))
	ranks := slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(tagsC), tagsP...))))
	for i, own := range [2][]string{tagsC[:len(c)], tagsP[:len(p)]} {
		for _, t := range own {
			at, _ := slices.BinarySearch(ranks, t)
			slots[i] = append(slots[i], uint32(at))
		}
	}
	var tags []byte
	for _, t := range ranks {
		tags = append(tags, t...)
	}
	sent[0] = map[wire.Step][]byte{stepU: pack(uC), stepBack: pack(raise(uP, sC.k.Mul(sC.m))),
		stepCount: {0, 0, 0, 0, byte(len(s) >> 24), byte(len(s) >> 16), byte(len(s) >> 8), byte(len(s))}, stepS: pack(s)}
	sent[1] = map[wire.Step][]byte{stepU: pack(uP), stepE: pack(e), stepV: pack(raise(uC, sP.k.Mul(sP.m))), stepTags: tags}
	return sent, slots
}

// Every message and every slot is what the protocol says, whether all fits in
// memory or every sort merges runs.
func TestAnyMemoryAgreesWithTheProtocol(t *testing.T) {
	for _, v := range []struct{ nC, nP, shared int }{{700, 900, 300}, {0, 300, 0}, {513, 1, 1}} {
		c, p := sets(v.nC, v.nP, v.shared, 6)
		for _, memory := range [][2]int64{{0, 0}, {4000, 60000}} {
			x := newPair(t, small, v.nC, v.nP)
			x.c.Memory, x.p.Memory = memory[0], memory[1]
			x.run(t.Context(), c, p)
			if x.errC != nil || x.errP != nil {
				t.Fatalf("%+v with %d bytes: C: %v; P: %v", v, memory, x.errC, x.errP)
			}
			want, slots := messagesOf(t, x, c, p)
			for i, end := range []map[wire.Step][]byte{x.endC.Sent(), x.endP.Sent()} {
				if !maps.EqualFunc(end, want[i], bytes.Equal) {
					t.Errorf("%+v with %d bytes: side %d sent other messages", v, memory, i)
				}
			}
			if !slices.Equal(x.resC.Slots, slots[0]) || !slices.Equal(x.resP.Slots, slots[1]) {
				t.Errorf("%+v with %d bytes: other slots", v, memory)
			}
		}
	}
}

// filesIn returns the content of every file.
func filesIn(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, e := range entries {
		if all[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// When a run has ended, the work directory has its messages and its own tags,
// and nothing in it is in clear; a run with the same seed gives other bytes.
func TestWorkFiles(t *testing.T) {
	c, p := sets(300, 400, 100, 4)
	x := newPair(t, small, len(c), len(p))
	dirC, dirP := t.TempDir(), t.TempDir()
	x.c.Work, x.p.Work = work(t, dirC), work(t, dirP)
	x.run(t.Context(), c, p)
	if x.errC != nil || x.errP != nil {
		t.Fatal(x.errC, x.errP)
	}
	var all []byte
	for dir, want := range map[string][]string{
		dirC: {fileBack, fileS, fileOwnTags, fileU},
		dirP: {fileBack, fileE, fileTags, fileOwnTags, filePeerTags, fileU},
	} {
		got := filesIn(t, dir)
		if names := slices.Sorted(maps.Keys(got)); !reflect.DeepEqual(names, want) {
			t.Errorf("files %v, want %v", names, want)
		}
		for _, b := range got {
			all = append(all, b...)
		}
	}
	for _, unit := range append(c, p...) {
		if bytes.Contains(all, unit) {
			t.Fatal("a unit is in a work file")
		}
	}
	for step, b := range x.endP.Sent() {
		for ; len(b) >= 12; b = b[12:] {
			if bytes.Contains(all, b[:12]) {
				t.Fatalf("a part of message %s is in a work file", step)
			}
		}
	}
}

// The quick hashes are wire.Sum.
func TestHashesAreSums(t *testing.T) {
	session := [32]byte{3}
	unit, tag := newUnitHash(), newTagHash(session)
	for i := range 100 {
		b := bytes.Repeat([]byte{byte(i)}, i*7%50)
		if unit.sum(b) != wire.Sum(wire.LabelUnit, b) {
			t.Error("the hash of a unit is not the one of ALIGN.md")
		}
		x := curve.Point{byte(i), 1}
		if tag.sum(&x) != wire.Sum(wire.LabelTag, session[:], x[:]) {
			t.Error("the hash of a point is not the one of ALIGN.md")
		}
	}
}

// Units that change in number are found before anything is sent.
func TestRefusesOtherCounts(t *testing.T) {
	c, _ := sets(5, 0, 0, 1)
	for _, n := range []int{4, 6} {
		x := newPair(t, off, n, 0)
		_, err := Run(t.Context(), x.endC, x.c, each(c))
		if err == nil || len(x.endC.Sent()) != 0 {
			t.Errorf("5 units where %d were agreed: %v, %d messages sent", n, err, len(x.endC.Sent()))
		}
	}
	failing := fmt.Errorf("engine stopped")
	x := newPair(t, off, 5, 0)
	_, err := Run(t.Context(), x.endC, x.c, func(context.Context, func([]byte) error) error { return failing })
	if err != failing {
		t.Errorf("got %v", err)
	}
}

// The same seed gives other secrets to the other role and in another session.
func TestSeedIsBoundToTheRun(t *testing.T) {
	cfg := Config{Role: RoleC, Padding: small, Seed: [32]byte{1}}
	seen := map[string]bool{}
	for _, change := range []func(*Config){func(*Config) {}, func(c *Config) { c.Role = RoleP },
		func(c *Config) { c.Session[31]++ }, func(c *Config) { c.Seed[0]++ }} {
		change(&cfg)
		s, err := newSecrets(cfg)
		if err != nil {
			t.Fatal(err)
		}
		seen[hex.EncodeToString(s.check[:])] = true
	}
	if len(seen) != 4 {
		t.Errorf("four runs have %d different secrets", len(seen))
	}
}
