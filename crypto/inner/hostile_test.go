package inner

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"math"
	"slices"
	"testing"
)

// R40: a vector or header of another length, or with a coefficient that is not
// below its prime, is refused with its own text.
func TestForgedCiphertexts(t *testing.T) {
	ctx := context.Background()
	set := setNamed(t, "wide")
	const slots = 5000
	v, w := session(t, set, slots)
	good := encrypt(t, v, 0, make([]int64, slots))
	one := arrange(t, set, slots, 1, []Entry{{0, 0, 1}})
	times := func(w *Weights, index int, vector []byte) error {
		k, err := w.Keep(index, one)
		check(t, err)
		_, err = w.Multiply(ctx, index, bytes.NewReader(vector), []Product{{one, k}})
		return err
	}

	second := int(set.polySize()) // start of block 1
	tooLarge := bytes.Clone(good)
	p := set.newPoly()
	check(t, set.unpackPoly(p, append(bytes.Clone(good[second:]), make([]byte, 8)...)))
	p[1][set.n-1] = set.primes[1]
	set.packPoly(tooLarge[second:], p)
	cases := []struct {
		name, want string
		bytes      []byte
	}{
		{"empty", "inner: vector 1: block 0: shorter than agreed", nil},
		{"one byte short", "inner: vector 2: block 1: shorter than agreed", good[:len(good)-1]},
		{"one block", "inner: vector 3: block 1: shorter than agreed", good[:second]},
		{"one byte long", "inner: vector 4: longer than agreed", append(bytes.Clone(good), 0)},
		{"last coefficient is its prime", "inner: vector 5: block 1: coefficient not below its prime", tooLarge},
		{"all ones", "inner: vector 6: block 0: coefficient not below its prime", bytes.Repeat([]byte{255}, len(good))},
	}
	for i, c := range cases {
		err := times(w, i+1, c.bytes)
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}

	var head bytes.Buffer
	check(t, v.WriteHeader(&head))
	for want, b := range map[string][]byte{
		"inner: header: shorter than agreed":             head.Bytes()[:head.Len()-1],
		"inner: header: longer than agreed":              append(bytes.Clone(head.Bytes()), 1),
		"inner: header: coefficient not below its prime": bytes.Repeat([]byte{255}, head.Len()),
	} {
		fresh, err := NewWeights(set, slots, [32]byte{}, rand.Reader)
		check(t, err)
		if err := fresh.ReadHeader(bytes.NewReader(b)); err == nil || err.Error() != want {
			t.Errorf("header: %v, want %s", err, want)
		}
		if err := times(fresh, 0, good); err == nil || err.Error() != "inner: the header was not read" {
			t.Errorf("product without a header: %v", err)
		}
	}
	for _, d := range []int64{-1, 1} {
		if _, err := v.Fold(ctx, make([]byte, set.HintSize()+d)); err == nil {
			t.Errorf("a hint %d bytes too long was taken", d)
		}
		if _, err := v.Open(Folded{}, make([]byte, set.AnswerSize()+d)); err == nil {
			t.Errorf("an answer %d bytes too long was opened", d)
		}
	}
}

// What packPoly writes is read back, so that the all-ones pattern above fails
// for its coefficients and not for the codec.
func TestPacking(t *testing.T) {
	for _, set := range Sets() {
		p, q := set.newPoly(), set.newPoly()
		set.uniform(newXOF([32]byte{1}), p)
		for i, m := range set.primes {
			p[i][0], p[i][set.n-1] = m-1, m-1
		}
		b := make([]byte, set.polySize()+8)
		set.packPoly(b, p)
		check(t, set.unpackPoly(q, b))
		for i := range p {
			for k := range p[i] {
				if p[i][k] != q[i][k] {
					t.Fatalf("%s: coefficient %d of prime %d changed", set.name, k, i)
				}
			}
		}
	}
}

// One-shot: the pair (s, a) encrypts once, and a vector is multiplied once.
func TestIndexIsUsedOnce(t *testing.T) {
	ctx := context.Background()
	set := setNamed(t, "narrow")
	v, w := session(t, set, 10)
	failing := writerFunc(func([]byte) (int, error) { return 0, errors.New("cut") })
	zeros := column(t, set, make([]int64, 10))
	if err := v.Encrypt(ctx, 3, zeros, 0, failing); err == nil {
		t.Fatal("the cut was not reported")
	}
	const want = "inner: vector 3 was already used in this session"
	if err := v.Encrypt(ctx, 3, zeros, 0, &bytes.Buffer{}); err == nil || err.Error() != want {
		t.Errorf("second encryption: %v", err)
	}
	b := encrypt(t, v, 4, make([]int64, 10))
	none := arrange(t, set, 10, 1, nil)
	for i := range 2 {
		k, err := w.Keep(3, none)
		check(t, err)
		_, err = w.Multiply(ctx, 3, bytes.NewReader(b), []Product{{none, k}})
		if i == 0 && err != nil || i == 1 && (err == nil || err.Error() != want) {
			t.Errorf("product %d: %v", i, err)
		}
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

func TestRefusedInputs(t *testing.T) {
	ctx := context.Background()
	set := setNamed(t, "narrow")
	v, _ := session(t, set, 10)
	for n, values := range [][]int64{{1 << 22, 9: 0}, {-1 << 22, 9: 0}, {math.MinInt64, 9: 0}, make([]int64, 9)} {
		want := "inner: a value is outside the range of parameter set narrow"
		if len(values) != 10 {
			want = "inner: the values are laid out for another parameter set, number of slots or groups"
		}
		if err := v.Encrypt(ctx, n, column(t, set, values), 0, &bytes.Buffer{}); err == nil || err.Error() != want {
			t.Errorf("values %v: %v", values, err)
		}
	}
	over := set.MaxWeight().Int64() + 1
	const outside, budget = "inner: an entry is outside the agreed slots or groups", "inner: a cell's weights exceed the noise budget of parameter set narrow"
	for _, c := range []struct {
		want    string
		bound   int64
		entries []Entry
	}{
		{outside, 1, []Entry{{10, 0, 1}}},
		{outside, 1, []Entry{{0, 2, 1}}},
		{budget, over, []Entry{{0, 0, over}}},
		{budget, over, []Entry{{0, 1, 5 - over}, {1, 1, 5}}},
		{"inner: a weight exceeds its declared bound", 1, []Entry{{0, 1, 2}}},
		{"inner: a weight exceeds its declared bound", 1, []Entry{{0, 1, -2}}},
		{"inner: a weight exceeds its declared bound", math.MaxInt64, []Entry{{0, 1, math.MinInt64}}},
		{"inner: number of groups or declared bound out of range", -1, nil},
	} {
		if _, err := Arrange(set, 10, 2, c.bound, slices.Values(c.entries)); err == nil || err.Error() != c.want {
			t.Errorf("%v: %v, want %s", c.entries, err, c.want)
		}
	}
	if _, err := Arrange(set, 10, 2, over-1, slices.Values([]Entry{{0, 0, over - 1}})); err != nil {
		t.Errorf("weights at the budget: %v", err)
	}
	for _, groups := range []int{0, -1, maxCells + 1} {
		if _, err := Arrange(set, 10, groups, 1, slices.Values([]Entry{})); err == nil {
			t.Errorf("%d groups were taken", groups)
		}
	}
	for _, e := range []Entry{{10, 0, 1}, {0, 2, 1}} {
		if _, err := NewColumns(set, 10, 2, slices.Values([]Entry{e})); err == nil || err.Error() != outside {
			t.Errorf("value %v: %v", e, err)
		}
	}
	reads := 0
	grows := func(yield func(Entry) bool) { // another list at every reading
		reads++
		for range reads {
			if !yield(Entry{}) {
				return
			}
		}
	}
	if _, err := Arrange(set, 10, 1, 1, grows); !errors.Is(err, errChanged) {
		t.Errorf("a list that grows: %v", err)
	}
}

func TestCancellation(t *testing.T) {
	set := setNamed(t, "narrow")
	v, w := session(t, set, 10)
	ctx, cancel := context.WithCancel(context.Background())
	b := encrypt(t, v, 0, make([]int64, 10))
	a := arrange(t, set, 10, 1, nil)
	k, err := w.Keep(0, a)
	check(t, err)
	cancel()
	if err := v.Encrypt(ctx, 1, column(t, set, make([]int64, 10)), 0, &bytes.Buffer{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Encrypt: %v", err)
	}
	if _, err := w.Multiply(ctx, 0, bytes.NewReader(b), []Product{{a, k}}); !errors.Is(err, context.Canceled) {
		t.Errorf("Multiply: %v", err)
	}
	if err := w.WriteHints(ctx, k, a, &bytes.Buffer{}); !errors.Is(err, context.Canceled) {
		t.Errorf("WriteHints: %v", err)
	}
}
