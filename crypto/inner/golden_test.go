package inner

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"
)

// counter yields bytes 0, 1, 2, … so that a whole session is reproducible.
type counter struct{ next byte }

func (c *counter) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = c.next
		c.next++
	}
	return len(b), nil
}

// TestExample is the example at the head of INNER.md, to the byte.
func TestExample(t *testing.T) {
	set := setNamed(t, "narrow")
	seed := Seed(set, [32]byte{1}, [32]byte{2}, [32]byte{3})
	v, err := NewValues(set, 4, seed, &counter{})
	check(t, err)
	w, err := NewWeights(set, 4, seed, &counter{})
	check(t, err)
	var head bytes.Buffer
	check(t, v.WriteHeader(&head))
	header := bytes.Clone(head.Bytes())
	check(t, w.ReadHeader(&head))
	vector := encrypt(t, v, 0, []int64{10, -20, 30, 40})
	products := [][]Entry{{{0, 0, 1}, {1, 1, 2}, {2, 0, 3}}}
	cells, err := w.Multiply(context.Background(), 0, bytes.NewReader(vector), products, 2)
	check(t, err)

	a := set.newPoly()
	set.blockElement(seed, 0, 0, a)
	hash := func(b []byte) string { h := sha256.Sum256(b); return hex.EncodeToString(h[:8]) }
	got := []string{
		"seed " + hex.EncodeToString(seed[:8]),
		fmt.Sprint("a_pk ", set.publicKeyElement(seed)[0][:2]),
		fmt.Sprint("a_0,0 ", a[0][:2]),
		fmt.Sprint("header ", len(header), " ", hash(header)),
		fmt.Sprint("vector ", len(vector), " ", hash(vector)),
	}
	for g, c := range cells[0] {
		share, err := v.Open(c.Bytes)
		check(t, err)
		got = append(got, fmt.Sprint("cell ", g, " ", len(c.Bytes), " ", hash(c.Bytes), " V ", share.Lo, " W ", c.Share.Lo, " sum ", Combine(set, share, c.Share)))
	}
	want := []string{
		"seed 54f1a29ddcdd0220",
		"a_pk [8909301200339860 5263894088508235]",
		"a_0,0 [3906793539134532 681282503315809]",
		"header 13568 8323b1d9a1a5e908",
		"vector 13568 84a15303d3cdb56b",
		"cell 0 10245 517ad94f38c4abd7 V 44051497 W 23058166 sum 100",
		"cell 1 10245 b170b92690263e48 V 6475765 W 60632778 sum -40",
	}
	if len(got) != len(want) {
		t.Fatalf("%d lines, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("line %d: %s, want %s", i, got[i], want[i])
		}
	}
}
