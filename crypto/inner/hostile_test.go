package inner

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"math"
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
	one := [][]Entry{{{0, 0, 1}}}

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
		_, err := w.Multiply(ctx, i+1, bytes.NewReader(c.bytes), one, 1)
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
		if _, err := fresh.Multiply(ctx, 0, bytes.NewReader(good), one, 1); err == nil || err.Error() != "inner: the header was not read" {
			t.Errorf("product without a header: %v", err)
		}
	}
	for _, size := range []int64{0, v.CellSize() - 1, v.CellSize() + 1} {
		if _, err := v.Open(make([]byte, size)); err == nil {
			t.Errorf("a cell of %d bytes was opened", size)
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
	if err := v.Encrypt(ctx, 3, make([]int64, 10), failing); err == nil {
		t.Fatal("the cut was not reported")
	}
	const want = "inner: vector 3 was already used in this session"
	if err := v.Encrypt(ctx, 3, make([]int64, 10), &bytes.Buffer{}); err == nil || err.Error() != want {
		t.Errorf("second encryption: %v", err)
	}
	b := encrypt(t, v, 4, make([]int64, 10))
	for i := range 2 {
		_, err := w.Multiply(ctx, 3, bytes.NewReader(b), [][]Entry{nil}, 1)
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
	v, w := session(t, set, 10)
	for _, values := range [][]int64{make([]int64, 9), {1 << 22, 9: 0}, {-1 << 22, 9: 0}, {math.MinInt64, 9: 0}} {
		if err := v.Encrypt(ctx, 0, values, &bytes.Buffer{}); err == nil {
			t.Errorf("values %v were taken", values)
		}
	}
	b := encrypt(t, v, 0, make([]int64, 10)) // refusals leave the index free
	over := set.MaxWeight().Int64() + 1
	for want, entries := range map[string][]Entry{
		"inner: an entry is outside the agreed slots or groups":                     {{10, 0, 1}},
		"inner: an entry is outside the agreed slots or groups ":                    {{0, 2, 1}},
		"inner: a cell's weights exceed the noise budget of parameter set narrow":   {{0, 0, over}},
		"inner: a cell's weights exceed the noise budget of parameter set narrow ":  {{0, 1, 5 - over}, {1, 1, 5}},
		"inner: a cell's weights exceed the noise budget of parameter set narrow  ": {{0, 1, math.MinInt64}},
	} {
		if _, err := w.Multiply(ctx, 0, bytes.NewReader(b), [][]Entry{entries}, 2); err == nil || err.Error() != string(bytes.TrimSpace([]byte(want))) {
			t.Errorf("%v: %v, want %s", entries, err, want)
		}
	}
	for _, groups := range []int{0, -1, maxCells + 1} {
		if _, err := w.Multiply(ctx, 0, bytes.NewReader(b), [][]Entry{nil}, groups); err == nil {
			t.Errorf("%d groups were taken", groups)
		}
	}
}

func TestCancellation(t *testing.T) {
	set := setNamed(t, "narrow")
	v, w := session(t, set, 10)
	ctx, cancel := context.WithCancel(context.Background())
	b := encrypt(t, v, 0, make([]int64, 10))
	cancel()
	if err := v.Encrypt(ctx, 1, make([]int64, 10), &bytes.Buffer{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Encrypt: %v", err)
	}
	if _, err := w.Multiply(ctx, 0, bytes.NewReader(b), [][]Entry{nil}, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("Multiply: %v", err)
	}
	if _, err := w.Prepare(ctx, 0, [][]Entry{nil}, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("Prepare: %v", err)
	}
}
