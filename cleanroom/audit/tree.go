package audit

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// width is the number of entries in a bundle and of hashes in a tile.
const (
	width    = 256
	levels   = 8 // tree levels a tile spans: 2^8 = width
	hashSize = tlog.HashSize
)

// number is the path form of a bundle's or tile's number: groups of three
// digits, all but the last with an x, such as x001/x234/067.
func number(n int64) string {
	s := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		s = fmt.Sprintf("x%03d/%s", n%1000, s)
	}
	return s
}

// parseNumber returns the number that follows prefix in a name.
func parseNumber(name, prefix string) (int64, bool) {
	rest, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return 0, false
	}
	digits := strings.NewReplacer("x", "", "/", "").Replace(rest)
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, err == nil && n >= 0 && number(n) == rest
}

func bundleName(n int64) string { return "entries/" + number(n) }

func tilePrefix(level int) string { return fmt.Sprintf("tile/%d/", level) }

func tileName(level int, n int64) string { return tilePrefix(level) + number(n) }

// edge is the right edge of a tree: the root of each complete subtree, from
// the largest to the smallest, as the binary digits of size tell.
type edge struct {
	size   int64
	hashes []tlog.Hash
}

// append adds a leaf and calls done with the root of every subtree of 256^l
// leaves that it completes, l = 0 first: these are the hashes that tiles hold.
func (e *edge) append(leaf tlog.Hash, done func(level int, n int64, h tlog.Hash) error) error {
	h := leaf
	for height, n := 0, e.size; ; height, n = height+1, n>>1 {
		if height%levels == 0 {
			if err := done(height/levels, n, h); err != nil {
				return err
			}
		}
		if n&1 == 0 {
			break
		}
		last := len(e.hashes) - 1
		h = tlog.NodeHash(e.hashes[last], h)
		e.hashes = e.hashes[:last]
	}
	e.hashes = append(e.hashes, h)
	e.size++
	return nil
}

// root is the hash of the whole tree.
func (e *edge) root() tlog.Hash {
	if e.size == 0 {
		h, _ := tlog.TreeHash(0, nil) // of no leaves; reads nothing
		return h
	}
	h := e.hashes[len(e.hashes)-1]
	for i := len(e.hashes) - 2; i >= 0; i-- {
		h = tlog.NodeHash(e.hashes[i], h)
	}
	return h
}

func (e *edge) clone() edge { return edge{e.size, append([]tlog.Hash(nil), e.hashes...)} }

// rootAt is the hash of the tree over the given leaves.
func rootAt(leaves []tlog.Hash) tlog.Hash {
	var e edge
	for _, h := range leaves {
		e.append(h, func(int, int64, tlog.Hash) error { return nil })
	}
	return e.root()
}
