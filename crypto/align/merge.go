package align

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"

	"parley/crypto/spill"
)

// run is one sorted file that is being merged, and its next record.
type run struct {
	r      *spill.Reader
	prefix uint64
	record []byte
}

// advance reads the next record. It reports false at the end.
func (r *run) advance(size int) (bool, error) {
	b, err := r.r.Next(size)
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	r.record, r.prefix = b, binary.BigEndian.Uint64(b)
	return true, nil
}

func (r *run) before(o *run) bool {
	return r.prefix < o.prefix || r.prefix == o.prefix && bytes.Compare(r.record, o.record) < 0
}

// runs is a binary heap: runs[0] has the least record.
type runs []*run

func (h runs) sink(i int) {
	for {
		child := 2*i + 1
		if child >= len(h) {
			return
		}
		if child+1 < len(h) && h[child+1].before(h[child]) {
			child++
		}
		if !h[child].before(h[i]) {
			return
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
}

// merge emits the records of sorted files in order.
func (s *sorter) merge(ctx context.Context, names []string, record int, emit func([]byte) error) error {
	var h runs
	for _, name := range names {
		r, err := s.work.Read(name)
		if err != nil {
			return err
		}
		defer r.Close()
		first := &run{r: r}
		if ok, err := first.advance(record); err != nil {
			return err
		} else if ok {
			h = append(h, first)
		}
	}
	for i := len(h)/2 - 1; i >= 0; i-- {
		h.sink(i)
	}
	for count := 0; len(h) > 0; count++ {
		if count%watch == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := emit(h[0].record); err != nil {
			return err
		}
		ok, err := h[0].advance(record)
		if err != nil {
			return err
		}
		if !ok {
			h[0] = h[len(h)-1]
			h = h[:len(h)-1]
		}
		h.sink(0)
	}
	return nil
}
