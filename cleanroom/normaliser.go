package cleanroom

import (
	"context"

	"parley/agreements"
	"parley/crypto/wire"
)

// normaliser is compared before anything else: units that are normalised
// differently would never meet, and nobody would notice. It is a digest over
// the rule and what this node's own engine makes of a fixed test vector, so
// that a library of another version shows. It is worked out once a process.
//
// A phone dataset's region is not part of it: the region says how that owner
// writes numbers without a country code, and the units of two regions meet.
func (n *Node) normaliser(ctx context.Context, u agreements.Unit) (string, error) {
	u = agreements.Unit{Normalisation: u.Normalisation}
	if u.Normalisation == agreements.NormPhone {
		u.Region = vectorRegion
	}
	if known, ok := n.normalisers.Load(u); ok {
		return known.(string), nil
	}
	units, err := n.engine.Normalise(ctx, u, normaliserVector())
	if err != nil {
		return "", err
	}
	digest := hexOf(wire.Sum(wire.LabelUnit, append([][]byte{[]byte(u.Normalisation)}, units...)...))
	n.normalisers.Store(u, digest)
	return digest, nil
}

// vectorRegion is the region that the test vector is read in.
const vectorRegion = "DE"

// normaliserVector holds raw keys on which careless normalisers differ: case
// beyond ASCII, kinds of space, addresses, phone numbers with and without a
// country code, hashes in either case, and nonsense.
func normaliserVector() []string {
	return []string{
		"", " ", "Jane.Doe@Example.COM", "  jane.doe@example.com ", "JANE+list@example.com", "ÄRGER@exämple.de",
		"İstanbul@example.com", "\u00a0nbsp@example.com", "not an address", "@example.com", "a@b@c.example",
		"+49 30 901820", "030 901820", "(212) 555-0100", "+1-212-555-0100", "0000", "00 44 20 7946 0958",
		"+39 06 698 12345", "+54 9 11 2345 6789", "+86 139 1234 5678", "+91 98765 43210", "+800 1234 5678", "110",
		"BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "abc",
	}
}
