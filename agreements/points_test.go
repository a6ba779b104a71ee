package agreements

import (
	"encoding/base64"
	"encoding/hex"

	"filippo.io/edwards25519"
)

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func hexed(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// point is the encoding whose y is the given small number.
func point(y byte) []byte { return append([]byte{y}, make([]byte, 31)...) }

// mixed is a key plus a point of order 8.
func mixed(k key) []byte {
	p, err := new(edwards25519.Point).SetBytes(k.Public())
	if err != nil {
		panic(err)
	}
	torsion, err := new(edwards25519.Point).SetBytes(hexed("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"))
	if err != nil {
		panic(err)
	}
	return p.Add(p, torsion).Bytes()
}
