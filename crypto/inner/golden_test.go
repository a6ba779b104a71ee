package inner

import (
	"bytes"
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
	seed := Seed(set, [32]byte{1})
	v, err := NewValues(set, 4, seed, &counter{})
	check(t, err)
	w, err := NewWeights(set, 4, seed, &counter{})
	check(t, err)
	var head bytes.Buffer
	check(t, v.WriteHeader(&head))
	header := bytes.Clone(head.Bytes())
	check(t, w.ReadHeader(&head))
	vector := encrypt(t, v, 0, []int64{10, -20, 30, 40})
	cells := multiply(t, w, 0, vector, [][]Entry{{{0, 0, 1}, {1, 1, 2}, {2, 0, 3}}}, 2)

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
		share := open(t, v, c)
		got = append(got, fmt.Sprint("cell ", g, " ", len(c.hint), " ", hash(c.hint), " ", hex.EncodeToString(c.y),
			" V ", share.Lo, " W ", c.share.Lo, " sum ", Combine(set, share, c.share)))
	}
	want := []string{
		"seed 8631ed9d6df00f21",
		"a_pk [565492034019457 6905019367682121]",
		"a_0,0 [5601790857037440 567007480474262]",
		"header 13568 5df6d1087a145be1",
		"vector 13568 7bea33e40be1f0f1",
		"cell 0 10240 39f6fac1e5f2dc5b ae05a5b8d6 V 7029769 W 60079894 sum 100",
		"cell 1 10240 547a40f1b766942e 879846353f V 7883404 W 59225139 sum -40",
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
