package align

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"

	"parley/crypto/curve"
	"parley/crypto/wire"
)

// forms are the ways in which a unit could show in plain sight.
func forms(unit []byte) map[string][]byte {
	digest := sha256.Sum256(unit)
	inner := wire.Sum(wire.LabelUnit, unit)
	return map[string][]byte{
		"raw":             unit,
		"hex":             []byte(hex.EncodeToString(unit)),
		"base64":          []byte(base64.RawStdEncoding.EncodeToString(unit)),
		"SHA-256":         digest[:],
		"half SHA-256":    digest[:12],
		"hex SHA-256":     []byte(hex.EncodeToString(digest[:])),
		"labelled digest": inner[:12],
	}
}

func transcript(x *pair) []byte {
	var all []byte
	for _, end := range []map[wire.Step][]byte{x.endC.Sent(), x.endP.Sent()} {
		for _, b := range end {
			all = append(all, b...)
		}
	}
	return all
}

func TestTranscriptHoldsNoUnit(t *testing.T) {
	c, p := sets(40, 60, 20, 4)
	all := transcript(align(t, small, c, p))
	for _, unit := range append(c, p...) {
		for form, b := range forms(unit) {
			if bytes.Contains(all, b) {
				t.Errorf("a unit is in the transcript as %s", form)
			}
		}
	}
}

// R33: who holds the whole transcript, the session id and a dictionary with
// every unit in it finds none. It tries the hash to the curve and the tag of
// it, with no key, and the keys 8 and 64 that an undrawn scalar would give.
func TestDictionaryOnTranscript(t *testing.T) {
	c, p := sets(40, 60, 20, 4)
	x := align(t, small, c, p)
	all := transcript(x)
	var dictionary [][]byte
	for i := range 500 {
		dictionary = append(dictionary, fmt.Appendf(nil, "unit%d@example.org", i))
	}
	hashed := make([]curve.Point, len(dictionary))
	tagOfH := append([]byte(wire.LabelHashToCurve), x.c.Session[:]...)
	err := curve.HashToCurve(t.Context(), hashed, tagOfH, func(i int) []byte {
		b := wire.Sum(wire.LabelUnit, dictionary[i])
		return b[:]
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	eight, err := curve.NewScalar(bytes.NewReader(append([]byte{1}, make([]byte, 63)...)))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		hash := newTagHash(x.c.Session)
		for i := range hashed {
			tag := hash.sum(&hashed[i])
			if bytes.Contains(all, hashed[i][:]) || bytes.Contains(all, tag[:12]) {
				t.Fatal("a unit of the dictionary was found in the transcript")
			}
		}
		if err := curve.ExpInto(t.Context(), hashed, hashed, eight, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// Two runs on the same units have no value in common: keys are fresh, so that
// runs cannot be joined to each other.
func TestRunsShareNoValue(t *testing.T) {
	c, p := sets(40, 60, 20, 4)
	first, second := transcript(align(t, off, c, p)), align(t, off, c, p)
	for step, b := range second.endC.Sent() {
		for ; len(b) >= 32; b = b[32:] {
			if bytes.Contains(first, b[:32]) {
				t.Fatalf("message %s repeats a value of another run", step)
			}
		}
	}
}

// What the peer sees of a list does not follow the order of the rows: sorted
// lists are sorted, and the slots of a party's rows are not in their order.
func TestOrderIsHidden(t *testing.T) {
	c, p := sets(200, 200, 100, 4)
	x := align(t, off, c, p)
	for _, m := range []struct {
		step wire.Step
		sent map[wire.Step][]byte
	}{{stepU, x.endC.Sent()}, {stepU, x.endP.Sent()}, {stepE, x.endP.Sent()}, {stepS, x.endC.Sent()}} {
		if !slices.IsSortedFunc(unpack(m.sent[m.step]), compare) {
			t.Errorf("message %s is not sorted", m.step)
		}
	}
	rising := 0
	for i := 1; i < len(x.resC.Slots); i++ {
		if x.resC.Slots[i] > x.resC.Slots[i-1] {
			rising++
		}
	}
	// About half of the neighbours rise; the number of ascents of a random
	// order of 200 has variance 201/12, and 60 … 140 is ten deviations wide.
	if rising < 60 || rising > 140 {
		t.Errorf("%d of 199 neighbours rise", rising)
	}
}
