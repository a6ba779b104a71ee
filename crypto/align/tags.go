package align

import (
	"bufio"
	"bytes"
	"io"
	"slices"

	"parley/crypto/curve"
	"parley/crypto/wire"
	"parley/internal/weak"
)

// tag is the hash of a point under all four keys. Only the first tagSize bytes
// are used, which the order of whole tags agrees with.
type tag [16]byte

// notOwn marks a tag of the peer's in a list of both.
const notOwn = ^uint32(0)

type indexedTag struct {
	tag   tag
	index uint32 // into the own list, or notOwn
}

func tagsOf(session [32]byte, points []curve.Point) []tag {
	out := make([]tag, len(points))
	for i := range points {
		h := wire.Sum(wire.LabelTag, session[:], points[i][:])
		out[i] = tag(h[:16])
	}
	return out
}

// indexed cuts the tags to size bytes and sorts them, keeping their indices.
func indexed(own, others []tag, size int) []indexedTag {
	all := make([]indexedTag, 0, len(own)+len(others))
	for i, t := range own {
		all = append(all, indexedTag{t, uint32(i)})
	}
	for _, t := range others {
		all = append(all, indexedTag{t, notOwn})
	}
	for i := range all {
		clear(all[i].tag[size:])
	}
	slices.SortFunc(all, func(a, b indexedTag) int { return bytes.Compare(a.tag[:], b.tag[:]) })
	return all
}

// numberP sorts all tags, sends them, and reads off the own slots.
func (p *party) numberP(own, others []tag, from []uint32) (*Result, error) {
	size := tagSize(p.nC, p.nP)
	all := indexed(own, others, size)
	for i := 1; i < len(all); i++ {
		// A repeated entry of v_P or S, or a unit in both, ends up here.
		if all[i-1].tag == all[i].tag && !weak.Off("R38") {
			return nil, refuse(stepS, errDuplicate)
		}
	}
	p.tasks.Go(func() error {
		r := &tagReader{list: all, size: size}
		return wrap(stepTags, p.pipe.Send(p.ctx, stepTags, int64(len(all))*int64(size), r))
	})
	result := &Result{Slots: make([]uint32, p.cfg.Own), Total: len(all)}
	for slot, t := range all {
		if t.index != notOwn {
			p.place(result, from[t.index], slot)
		}
	}
	return result, nil
}

// place enters a slot unless it belongs to a dummy.
func (p *party) place(r *Result, origin uint32, slot int) {
	if int(origin) < p.cfg.Own {
		r.Slots[origin] = uint32(slot)
	}
}

// findC reads all total tags and finds the own ones among them, every one of
// which must be there. It reads to the end before it refuses.
func (p *party) findC(own []tag, from []uint32, total int) (*Result, error) {
	size := tagSize(p.nC, p.nP)
	mine := indexed(own, nil, size)
	body, err := p.pipe.Recv(p.ctx, stepTags, int64(total)*int64(size))
	if err != nil {
		return nil, wrap(stepTags, err)
	}
	defer body.Close()
	r := bufio.NewReaderSize(body, 1<<16)
	result := &Result{Slots: make([]uint32, p.cfg.Own), Total: total}
	var last, t tag
	increasing, found := true, 0
	for slot := range total {
		if err := readFull(r, t[:size]); err != nil {
			return nil, readFault(stepTags, err)
		}
		increasing = increasing && (slot == 0 || bytes.Compare(last[:], t[:]) < 0)
		if found < len(mine) && mine[found].tag == t {
			p.place(result, from[mine[found].index], slot)
			found++
		}
		last = t
	}
	if !increasing && !weak.Off("R38") {
		return nil, refuse(stepTags, errOrder)
	}
	if found != len(mine) && !weak.Off("R38") {
		return nil, refuse(stepTags, errMissing)
	}
	return result, nil
}

// tagReader reads the sorted tags as bytes.
type tagReader struct {
	list []indexedTag
	size int
	off  int
}

func (r *tagReader) Read(b []byte) (n int, err error) {
	for n < len(b) && len(r.list) > 0 {
		c := copy(b[n:], r.list[0].tag[r.off:r.size])
		n += c
		r.off += c
		if r.off == r.size {
			r.list, r.off = r.list[1:], 0
		}
	}
	if n == 0 && len(b) > 0 {
		return 0, io.EOF
	}
	return n, nil
}
