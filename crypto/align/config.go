package align

import (
	"errors"
	"fmt"
	"math"

	"parley/crypto/spill"
)

// Role is a party's part in an alignment.
type Role int

// The party with the smaller set plays RoleC; the result is the same either
// way, but the cost is lowest so.
const (
	RoleC Role = iota + 1
	RoleP
)

// maxUnits bounds each side's list, dummies included, so that every slot fits
// a uint32.
const maxUnits = math.MaxInt32

// Config describes one alignment. Both parties must hold the same Session and
// Padding, and mirrored Role, Own and Peer.
type Config struct {
	Role    Role
	Session [32]byte
	// Own and Peer are the numbers of distinct units on each side, as agreed
	// before the run. Both are known to both sides.
	Own, Peer int
	Padding   Padding
	// Seed is what every secret of this side is expanded from: drawn from
	// crypto/rand for each alignment, kept as secret as the units for as long
	// as the alignment may be resumed, and never used for another one.
	Seed [32]byte
	// Memory is the number of bytes of buffers for sorting and streaming; 0
	// stands for DefaultMemory. See the package comment for what is on top.
	Memory int64
	// Work holds the sealed files of this alignment and of no other. What an
	// interrupted run left there is taken up. The caller removes them after
	// the last run.
	Work *spill.Dir
	// Progress, if not nil, is told the number of points done in a step. Calls
	// come one at a time. The totals of the steps about align/3/s tell how many
	// units are shared, with noise: they are for the node, not for its users.
	Progress func(step string, done, total int64)
}

// Padding hides the exact number of shared units behind dummies. One unit
// replaced by another changes what the peer sees with privacy loss Epsilon,
// except with probability below e^(-Epsilon·T). The zero value is refused.
type Padding struct {
	// T is half the length of each of the two public lists of dummies.
	T int
	// Epsilon is the loss for each alignment.
	Epsilon float64
	// Off switches padding off: the exact number of shared units is then
	// disclosed to both sides.
	Off bool
}

// DefaultPadding returns ε = 0.1 with δ = 2^-40.
func DefaultPadding() Padding { return Padding{T: 278, Epsilon: 0.1} }

// maxT bounds the dummies at four a unit of T.
const maxT = 1 << 20

// minDecay is ln(2^40): Epsilon·T below it would leave δ above 2^-40.
const minDecay = 40 * math.Ln2

func (p Padding) check() error {
	if p.Off {
		if p.T != 0 || p.Epsilon != 0 {
			return errors.New("padding is switched off but has parameters")
		}
		return nil
	}
	if p.T < 1 || p.T > maxT || !(p.Epsilon > 0) || math.IsInf(p.Epsilon, 0) {
		return errors.New("padding needs T and Epsilon above zero, or Off set")
	}
	if p.Epsilon*float64(p.T) < minDecay {
		return errors.New("padding is too short: Epsilon times T must be at least 27.73 for δ = 2^-40")
	}
	return nil
}

// added is the number of dummies and fillers in each side's list.
func (p Padding) added() int { return 4 * p.T }

func (c Config) check() error {
	if c.Role != RoleC && c.Role != RoleP {
		return errors.New("align: no role set")
	}
	if err := c.Padding.check(); err != nil {
		return fmt.Errorf("align: %w", err)
	}
	limit := maxUnits - c.Padding.added()
	if c.Own < 0 || c.Peer < 0 || c.Own > limit || c.Peer > limit {
		return errors.New("align: number of units out of range")
	}
	if c.Seed == [32]byte{} {
		return errors.New("align: no seed set")
	}
	if c.Memory < 0 {
		return errors.New("align: memory is below zero")
	}
	if c.Work == nil {
		return errors.New("align: no work directory set")
	}
	return nil
}

// lists returns the lengths of C's and P's lists, dummies included.
func (c Config) lists() (nC, nP int) {
	own, peer := c.Own+c.Padding.added(), c.Peer+c.Padding.added()
	if c.Role == RoleC {
		return own, peer
	}
	return peer, own
}
