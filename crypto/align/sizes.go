package align

import (
	"parley/crypto/curve"
	"parley/crypto/wire"
)

// The messages. C sends align/1/u, align/3/*; P sends align/1/u, align/2/*,
// align/4/tags.
const (
	stepU     wire.Step = "align/1/u"
	stepE     wire.Step = "align/2/e"
	stepV     wire.Step = "align/2/v"
	stepBack  wire.Step = "align/3/v"
	stepCount wire.Step = "align/3/count"
	stepS     wire.Step = "align/3/s"
	stepTags  wire.Step = "align/4/tags"
)

// countBytes is the length of align/3/count, a big-endian number.
const countBytes = 8

// wideTags is the number of rows of both lists above which a tag has 16 bytes
// in place of 12, to keep the chance of a collision below 2^-40.
const wideTags = 1 << 28

// tagSize depends on agreed sizes only, so it is known before the run.
func tagSize(nC, nP int) int {
	if nC+nP > wideTags {
		return 16
	}
	return 12
}

// countBounds returns the least and greatest possible |S|. C's list has nC
// entries, of which at most all of P's can be shared.
func countBounds(nC, nP int) (least, most int) { return max(0, nC-nP), nC }

// WireBytes returns the bytes of all messages that this side sends and
// receives. C's first two messages and all of P's but the tags have fixed
// lengths; for S and the tags it counts an empty intersection, the most that
// can come.
func WireBytes(cfg Config) (sent, received int64) {
	nC, nP := cfg.lists()
	c, p := int64(nC), int64(nP)
	fromC := curve.Size*(c+p+c) + countBytes
	fromP := curve.Size*(p+c+c) + int64(tagSize(nC, nP))*(c+p)
	if cfg.Role == RoleC {
		return fromC, fromP
	}
	return fromP, fromC
}

// Exponentiations returns how many exponentiations each party computes for
// lists of nC and nP entries of which shared are common, dummies included:
// 3·nC + 2·nP - shared.
func Exponentiations(nC, nP, shared int) int64 {
	return 3*int64(nC) + 2*int64(nP) - int64(shared)
}
