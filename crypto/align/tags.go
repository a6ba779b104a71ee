package align

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"io"

	"parley/crypto/curve"
	"parley/crypto/wire"
	"parley/internal/weak"
)

// A tag is the first bytes of the hash of a point under all four keys. In the
// work files each tag is followed by the index of the own entry behind it, or
// by notOwn.

// notOwn marks a tag of the peer's in a list of both.
const notOwn = ^uint32(0)

// tag derives the tags of a list. index gives the index behind each entry.
func (p *party) tag(g *growing, step string, total int, index func() ([]byte, error)) *derived {
	hash, size := newTagHash(p.cfg.Session), tagSize(p.nC, p.nP)
	record := make([]byte, size+indexSize)
	return &derived{
		have: g.have,
		work: func(ctx context.Context, dst, src []curve.Point, at int) error {
			return curve.ExpInto(ctx, dst, src, p.m, p.report(step, at, total))
		},
		keep: func(points []curve.Point) error {
			for i := range points {
				whole := hash.sum(&points[i])
				from, err := index()
				if err != nil {
					return err
				}
				copy(record[copy(record[:size], whole[:]):], from)
				if _, err := g.w.Write(record); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// tagOwn reads the own list as the peer sends it back, under both its keys and
// in the order of u, and stores its tags.
func (p *party) tagOwn(step wire.Step, n int) error {
	tags, err := p.grow(fileOwnTags, p.tagRecord(), n, false)
	if err != nil {
		return err
	}
	defer tags.close()
	var index func() ([]byte, error)
	if tags.w != nil {
		order, err := p.cfg.Work.Read(fileOrder)
		if err != nil {
			return err
		}
		defer order.Close()
		index = func() ([]byte, error) { return order.Next(indexSize) }
		for range tags.have {
			if _, err := index(); err != nil {
				return err
			}
		}
	}
	if err := p.stream(p.read(received{step: step, n: n}), p.tag(tags, "tag own units", n, index)); err != nil {
		return err
	}
	if err := tags.complete(); err != nil {
		return err
	}
	return p.cfg.Work.Remove(fileOrder)
}

// tagRest is P's: it reads S, the units that only C has, and stores their tags.
// It returns how many they are.
func (p *party) tagRest() (int, error) {
	n, err := p.receiveCount()
	if err != nil {
		return 0, err
	}
	tags, err := p.grow(filePeerTags, p.tagRecord(), n, false)
	if err != nil {
		return 0, err
	}
	defer tags.close()
	none := binary.BigEndian.AppendUint32(nil, notOwn)
	index := func() ([]byte, error) { return none, nil }
	err = p.stream(p.read(received{step: stepS, n: n, sorted: true}), p.tag(tags, "tag the peer's units", n, index))
	if err != nil {
		return 0, err
	}
	return n, tags.complete()
}

// number is P's: it sorts all tags, sends them, and reads off the own slots.
func (p *party) number(total int) (*Result, error) {
	size := tagSize(p.nC, p.nP)
	sent, err := p.grow(fileTags, size, total, false)
	if err != nil {
		return nil, err
	}
	defer sent.close()
	var check rising
	result, slot := p.newResult(total), 0
	err = p.sorter.sort(p.ctx, []string{fileOwnTags, filePeerTags}, p.tagRecord(), func(b []byte) error {
		check.next(b[:size])
		p.place(result, b[size:], slot)
		if slot++; slot <= sent.have {
			return nil
		}
		_, err := sent.w.Write(b[:size])
		return err
	})
	if err != nil {
		return nil, err
	}
	// A repeated entry of v_P or S, or a unit in both, ends up here.
	if check.failed && !weak.Off("R38") {
		return nil, refuse(stepS, errDuplicate)
	}
	if err := sent.complete(); err != nil {
		return nil, err
	}
	p.post(stepTags, fileTags)
	return result, nil
}

func (p *party) newResult(total int) *Result {
	return &Result{Slots: make([]uint32, p.cfg.Own), Total: total}
}

// place enters a slot unless it belongs to a dummy or to the peer.
func (p *party) place(r *Result, index []byte, slot int) {
	if origin := binary.BigEndian.Uint32(index); int64(origin) < int64(p.cfg.Own) {
		r.Slots[origin] = uint32(slot)
	}
}

// findTags is C's: it reads all total tags and finds the own ones among them,
// every one of which must be there. It reads to the end before it refuses.
func (p *party) findTags(total int) (*Result, error) {
	all := &tagReader{p: p, size: tagSize(p.nC, p.nP), left: total}
	defer all.close()
	result, missing := p.newResult(total), false
	err := p.sorter.sort(p.ctx, []string{fileOwnTags}, p.tagRecord(), func(b []byte) error {
		found, err := all.find(b[:all.size])
		if found {
			p.place(result, b[all.size:], total-all.left-1)
		}
		missing = missing || !found
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := all.finish(); err != nil {
		return nil, err
	}
	if all.order.failed && !weak.Off("R38") {
		return nil, refuse(stepTags, errOrder)
	}
	if missing && !weak.Off("R38") {
		return nil, refuse(stepTags, errMissing)
	}
	return result, nil
}

// tagReader reads align/4/tags. It opens the message when it needs it, so that
// the own tags are sorted while the peer's are awaited.
type tagReader struct {
	p          *party
	size, left int
	body       io.ReadCloser
	r          *bufio.Reader
	last       [16]byte
	used       bool // last was found once already
	order      rising
}

func (t *tagReader) next() (err error) {
	if err := t.open(); err != nil {
		return err
	}
	if err := readFull(t.r, t.last[:t.size]); err != nil {
		return readFault(stepTags, err)
	}
	t.left--
	t.order.next(t.last[:t.size])
	t.used = false
	return nil
}

// find reads on to the given tag, or to the first one behind it. The tags
// looked for do not decrease; one that comes twice is found once.
func (t *tagReader) find(tag []byte) (bool, error) {
	for t.left > 0 && (t.body == nil || t.used || bytes.Compare(t.last[:t.size], tag) < 0) {
		if err := t.next(); err != nil {
			return false, err
		}
	}
	if t.body == nil || t.used || !bytes.Equal(t.last[:t.size], tag) {
		return false, nil
	}
	t.used = true
	return true, nil
}

func (t *tagReader) open() error {
	if t.body != nil {
		return nil
	}
	body, err := t.p.pipe.Recv(t.p.ctx, stepTags, int64(t.left)*int64(t.size))
	if err != nil {
		return wrap(stepTags, err)
	}
	t.body, t.r = body, bufio.NewReaderSize(body, 1<<16)
	return nil
}

// finish reads what is left of the message.
func (t *tagReader) finish() error {
	if err := t.open(); err != nil {
		return err
	}
	for t.left > 0 {
		if err := t.next(); err != nil {
			return err
		}
	}
	return nil
}

func (t *tagReader) close() {
	if t.body != nil {
		t.body.Close()
	}
}
