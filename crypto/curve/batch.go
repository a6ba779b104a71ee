package curve

import (
	"context"
	"errors"
	"runtime"
	"sync"

	fp "github.com/cloudflare/circl/math/fp25519"
)

// Progress is told how many of the points of one call are done. Calls come one
// at a time, from several goroutines, with rising numbers. It may be nil.
type Progress func(done, total int)

// ExpInto sets dst[i] = points[i]^k for every i, on all cores. dst has the
// length of points and may be the same slice. The points must have passed
// Validate or come from this package. It stops within 256 points a core once
// ctx is done and then returns its error; dst is incomplete in that case.
func ExpInto(ctx context.Context, dst, points []Point, k Scalar, report Progress) error {
	if len(dst) != len(points) {
		return errors.New("curve: destination and points differ in length")
	}
	if k.kappa == nil {
		return errors.New("curve: scalar was not drawn")
	}
	secret, e := k.bytes(), pick()
	return inChunks(ctx, len(points), report, func(_, lo, hi int) error {
		e.exp(dst[lo:hi], points[lo:hi], &secret)
		return nil
	})
}

// HashToCurve sets dst[i] to the u-coordinate of the i-th message hashed under
// the domain-separation tag (1 to 255 bytes) by the suite
// curve25519_XMD:SHA-512_ELL2_NU_ of RFC 9380, section 8.5, cofactor cleared.
// message is called once for each index, from several goroutines; its result
// is not kept.
func HashToCurve(ctx context.Context, dst []Point, tag []byte, message func(i int) []byte, report Progress) error {
	if len(tag) == 0 || len(tag) > maxTag {
		return errors.New("curve: domain-separation tag must have 1 to 255 bytes")
	}
	return hashToCurve(ctx, pick(), dst, tag, message, report)
}

// hashToCurve is HashToCurve on an engine.
func hashToCurve(ctx context.Context, e engine, dst []Point, tag []byte, message func(i int) []byte, report Progress) error {
	return inChunks(ctx, len(dst), report, func(_, lo, hi int) error {
		var t [chunk]fp.Elt
		var copies [8][]byte // a message may not last until the next
		h := e.hasher(tag)
		for at := lo; at < hi; at += 8 {
			n := min(8, hi-at)
			for j := range n {
				copies[j] = append(copies[j][:0], message(at+j)...)
			}
			h.sums(t[at-lo:at-lo+n], copies[:n])
		}
		e.encode(dst[lo:hi], t[:hi-lo])
		return nil
	})
}

// inChunks calls work for each chunk of [0, n) on GOMAXPROCS goroutines, and
// returns when all of them have ended. The first error stops the rest.
func inChunks(ctx context.Context, n int, report Progress, work func(index, lo, hi int) error) error {
	chunks := (n + chunk - 1) / chunk
	c := &chunkCounter{chunks: chunks, n: n, report: report}
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), chunks) {
		wg.Go(func() {
			for {
				i, ok := c.next(ctx)
				if !ok {
					return
				}
				lo, hi := i*chunk, min((i+1)*chunk, n)
				c.finish(hi-lo, work(i, lo, hi))
			}
		})
	}
	wg.Wait()
	if c.err == nil {
		c.err = ctx.Err()
	}
	return c.err
}

// chunkCounter hands out chunks. mu guards all that changes.
type chunkCounter struct {
	chunks, n int
	report    Progress
	mu        sync.Mutex
	taken     int
	done      int
	err       error
}

func (c *chunkCounter) next(ctx context.Context) (int, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = ctx.Err()
	}
	if c.err != nil || c.taken == c.chunks {
		return 0, false
	}
	c.taken++
	return c.taken - 1, true
}

func (c *chunkCounter) finish(points int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil && c.err == nil {
		c.err = err
	}
	c.done += points
	if c.report != nil {
		c.report(c.done, c.n)
	}
}
