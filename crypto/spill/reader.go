package spill

import (
	"fmt"
	"io"
	"os"
)

// Reader reads a complete file from its beginning. It is for one goroutine. It
// gives no byte that is not authentic, and io.EOF only after the last chunk.
type Reader struct {
	name  string
	f     *os.File
	shape *shape
	buf   []byte
	rest  []byte // of the plaintext of the present chunk, in buf
	index int64  // number of the next chunk
	full  int64  // number of the last one
	tail  int64  // its sealed length
	err   error
}

// Read opens a complete file. One that is not complete is ErrDamaged: whoever
// expects a file has seen it completed.
func (d *Dir) Read(name string) (*Reader, error) {
	f, err := d.root.Open(name)
	if err != nil {
		return nil, failed(name, err)
	}
	s, total, err := d.shapeOf(name, f)
	if err == nil && s.chunk == 0 {
		err = failed(name, ErrDamaged)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	r := &Reader{name: name, f: f, shape: s, buf: make([]byte, s.chunk+overhead)}
	if r.full, r.tail = s.split(total); r.tail < overhead {
		f.Close()
		return nil, failed(name, ErrDamaged)
	}
	return r, nil
}

// Size is the number of bytes in the file.
func (r *Reader) Size() int64 { return r.full*int64(r.shape.chunk) + r.tail - overhead }

// Close closes the file.
func (r *Reader) Close() error { return r.f.Close() }

// Read implements io.Reader.
func (r *Reader) Read(b []byte) (n int, err error) {
	if len(b) == 0 {
		return 0, nil
	}
	if err := r.ready(); err != nil {
		return 0, err
	}
	n = copy(b, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// Next returns the next n bytes, valid until the next call, or io.EOF at the
// end of the file. The chunk size must be a multiple of n.
func (r *Reader) Next(n int) ([]byte, error) {
	if err := r.ready(); err != nil {
		return nil, err
	}
	if len(r.rest) < n {
		return nil, failed(r.name, fmt.Errorf("a record of %d bytes runs over the end of a chunk", n))
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b, nil
}

// ready opens the next chunk if the present one is used up.
func (r *Reader) ready() error {
	for len(r.rest) == 0 && r.err == nil {
		r.err = r.advance()
	}
	if len(r.rest) == 0 {
		return r.err
	}
	return nil
}

func (r *Reader) advance() error {
	if r.index > r.full {
		return io.EOF
	}
	last, b := r.index == r.full, r.buf
	if last {
		b = b[:r.tail]
	}
	if _, err := r.f.ReadAt(b, r.shape.offset(r.index)); err != nil {
		return failed(r.name, err)
	}
	plain, err := r.shape.open(b, r.index, last)
	if err != nil {
		return failed(r.name, ErrDamaged)
	}
	r.rest = plain
	r.index++
	return nil
}
