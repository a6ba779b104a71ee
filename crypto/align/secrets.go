package align

import (
	"crypto/sha3"
	"fmt"

	"parley/crypto/curve"
	"parley/crypto/wire"
)

// secrets is everything random about one party's run.
type secrets struct {
	k, m    curve.Scalar
	check   [32]byte // seeds the tests of received points
	padding [][32]byte
}

// newSecrets expands the seed: SHAKE256 of its hash with the session and the
// role, read in the order k, m, check, dummies. A resumed run has the secrets
// of the one before; a seed used twice by mistake gives other keys in another
// session.
func newSecrets(cfg Config) (s secrets, err error) {
	key := wire.Sum(wire.LabelAlignSeed, cfg.Seed[:], cfg.Session[:], []byte{byte(cfg.Role)})
	random := sha3.NewSHAKE256()
	random.Write(key[:])
	if s.k, err = curve.NewScalar(random); err == nil {
		s.m, err = curve.NewScalar(random)
	}
	if err == nil {
		err = readFull(random, s.check[:])
	}
	if err == nil {
		s.padding, err = dummies(cfg, random)
	}
	if err != nil {
		return s, fmt.Errorf("align: expanding the seed: %w", err)
	}
	return s, nil
}
