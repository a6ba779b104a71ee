package duckdb

import (
	"testing"

	"parley/agreements"
)

// TestNormaliseIsTheImport pins what every rule makes of the awkward keys; a
// change here is a new version of the rule's name.
func TestNormaliseIsTheImport(t *testing.T) {
	raw := []string{" Jane@Example.COM ", "a@b@c", "", "030 901820", "abc", "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"}
	for _, c := range []struct {
		unit agreements.Unit
		want []string
	}{
		{agreements.Unit{Normalisation: agreements.NormEmail}, []string{"jane@example.com", "", "", "", "", ""}},
		{agreements.Unit{Normalisation: agreements.NormExact}, []string{raw[0], raw[1], "", raw[3], raw[4], raw[5]}},
		{agreements.Unit{Normalisation: agreements.NormPhone, Region: "DE"}, []string{"", "", "", "+4930901820", "", ""}},
		{agreements.Unit{Normalisation: agreements.NormSHA256}, []string{"", "", "", "", "",
			"\xba\x78\x16\xbf\x8f\x01\xcf\xea\x41\x41\x40\xde\x5d\xae\x22\x23\xb0\x03\x61\xa3\x96\x17\x7a\x9c\xb4\x10\xff\x61\xf2\x00\x15\xad"}},
	} {
		got, err := New(Options{}).Normalise(t.Context(), c.unit, raw)
		if err != nil {
			t.Fatalf("%s: %v", c.unit.Normalisation, err)
		}
		for i := range raw {
			if string(got[i]) != c.want[i] {
				t.Errorf("%s of key %d: %q, want %q", c.unit.Normalisation, i, got[i], c.want[i])
			}
		}
	}
}
