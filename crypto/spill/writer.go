package spill

import (
	"errors"
	"fmt"
	"os"
)

// Writer appends to one file. It is for one goroutine.
type Writer struct {
	name  string
	f     *os.File
	shape *shape
	buf   []byte // nonce, plaintext, room for the tag
	fill  int    // bytes of plaintext in buf
	index int64  // number of the next chunk
	done  bool
}

// Create makes a file, in place of one of that name if there is one. chunk is
// the number of bytes sealed together, at most MaxChunk.
func (d *Dir) Create(name string, chunk int) (*Writer, error) {
	if chunk < 1 || chunk > MaxChunk {
		return nil, fmt.Errorf("spill: chunks of %d bytes are out of range", chunk)
	}
	f, err := d.root.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, failed(name, err)
	}
	w := newWriter(name, f, d.shape(name, chunk))
	if _, err := f.Write(w.shape.header()); err != nil {
		return nil, failed(name, errors.Join(err, f.Close()))
	}
	return w, nil
}

// Append goes on with a file that was not completed, or creates it. A file
// taken up keeps the chunk size that it was created with. One that is complete
// is an error: see Dir.Complete.
func (d *Dir) Append(name string, chunk int) (*Writer, error) {
	f, err := d.root.OpenFile(name, os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return d.Create(name, chunk)
	}
	if err != nil {
		return nil, failed(name, err)
	}
	s, total, err := d.shapeOf(name, f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if s.chunk == 0 {
		f.Close()
		return d.Create(name, chunk)
	}
	w := newWriter(name, f, s)
	if err := w.takeUp(total); err != nil {
		return nil, failed(name, errors.Join(err, f.Close()))
	}
	return w, nil
}

func newWriter(name string, f *os.File, s *shape) *Writer {
	return &Writer{name: name, f: f, shape: s, buf: make([]byte, s.chunk+overhead)}
}

// takeUp finds the last authentic chunk and cuts the file behind it. A chunk
// before it that is not authentic was no torn write: they come in order.
func (w *Writer) takeUp(total int64) error {
	full, _ := w.shape.split(total)
	torn := false
	for i := range full {
		if _, err := w.f.ReadAt(w.buf, w.shape.offset(i)); err != nil {
			return err
		}
		if _, err := w.shape.open(w.buf, i, false); err != nil {
			torn = true
			continue
		}
		if torn {
			return ErrDamaged
		}
		w.index = i + 1
	}
	end := w.shape.offset(w.index)
	if err := w.f.Truncate(end); err != nil {
		return err
	}
	_, err := w.f.Seek(end, 0)
	return err
}

// Size is the number of bytes in the file's whole chunks: after Append, where
// to go on.
func (w *Writer) Size() int64 { return w.index * int64(w.shape.chunk) }

// Write appends b. It may stay in memory until its chunk is full.
func (w *Writer) Write(b []byte) (n int, err error) {
	if w.done {
		return 0, failed(w.name, os.ErrClosed)
	}
	for n < len(b) {
		c := copy(w.buf[nonceSize+w.fill:nonceSize+w.shape.chunk], b[n:])
		n += c
		w.fill += c
		if w.fill == w.shape.chunk {
			if err := w.flush(false); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

func (w *Writer) flush(last bool) error {
	if _, err := w.f.Write(w.shape.seal(w.buf, w.fill, w.index, last)); err != nil {
		return failed(w.name, err)
	}
	w.index++
	w.fill = 0
	return nil
}

// Complete writes the last chunk, waits until the disk has the file, and closes
// it. The file can be read from then on.
func (w *Writer) Complete() error { return w.end(w.f.Sync) }

// CompleteBrief is Complete for a file that is of no use after a crash: it
// does not wait for the disk.
func (w *Writer) CompleteBrief() error { return w.end(func() error { return nil }) }

func (w *Writer) end(sync func() error) error {
	if w.done {
		return failed(w.name, os.ErrClosed)
	}
	if err := w.flush(true); err != nil {
		return err
	}
	if err := sync(); err != nil {
		return failed(w.name, err)
	}
	return w.Close()
}

// Close closes a file without completing it: its whole chunks can be taken up
// with Append. After Complete it does nothing.
func (w *Writer) Close() error {
	if w.done {
		return nil
	}
	w.done = true
	if err := w.f.Close(); err != nil {
		return failed(w.name, err)
	}
	return nil
}
