package spill

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"os"
)

const (
	magic      = "spill/1\n"
	headerSize = len(magic) + 4
	nonceSize  = 12
	overhead   = nonceSize + 16
	// MaxChunk bounds the plaintext of a chunk, and so what a reader or a
	// writer allocates.
	MaxChunk = 1 << 20
)

// shape is what is needed to seal and open the chunks of one file.
type shape struct {
	aead  cipher.AEAD
	chunk int
	aad   []byte // header, then number and last flag of a chunk, then the name
}

func (d *Dir) shape(name string, chunk int) *shape {
	b := binary.BigEndian.AppendUint32([]byte(magic), uint32(chunk))
	b = append(b, make([]byte, 9)...)
	return &shape{d.aead, chunk, append(b, name...)}
}

func (s *shape) header() []byte { return s.aad[:headerSize] }

func (s *shape) data(index int64, last bool) []byte {
	binary.BigEndian.PutUint64(s.aad[headerSize:], uint64(index))
	s.aad[headerSize+8] = 0
	if last {
		s.aad[headerSize+8] = 1
	}
	return s.aad
}

// seal seals the plaintext in b[nonceSize:nonceSize+n] where it stands and
// returns the chunk. b has room for the tag.
func (s *shape) seal(b []byte, n int, index int64, last bool) []byte {
	rand.Read(b[:nonceSize]) // never fails: the process ends instead
	return s.aead.Seal(b[:nonceSize], b[:nonceSize], b[nonceSize:nonceSize+n], s.data(index, last))
}

// open opens a chunk where it stands.
func (s *shape) open(b []byte, index int64, last bool) ([]byte, error) {
	return s.aead.Open(b[nonceSize:nonceSize], b[:nonceSize], b[nonceSize:], s.data(index, last))
}

// offset is where a chunk begins in the file.
func (s *shape) offset(index int64) int64 {
	return int64(headerSize) + index*int64(s.chunk+overhead)
}

// split returns how many full chunks a file of the given length holds, and the
// bytes after them.
func (s *shape) split(total int64) (full, rest int64) {
	body := total - int64(headerSize)
	sealed := int64(s.chunk + overhead)
	return body / sealed, body % sealed
}

// shapeOf reads the header of a file. The chunk size is 0 if the file ends
// within its header, as it does when a crash came right after its creation.
func (d *Dir) shapeOf(name string, f *os.File) (*shape, int64, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, 0, failed(name, err)
	}
	var header [headerSize]byte
	if _, err := io.ReadFull(io.NewSectionReader(f, 0, int64(headerSize)), header[:]); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return &shape{}, info.Size(), nil
		}
		return nil, 0, failed(name, err)
	}
	chunk := binary.BigEndian.Uint32(header[len(magic):])
	if string(header[:len(magic)]) != magic || chunk == 0 || chunk > MaxChunk {
		return nil, 0, failed(name, ErrDamaged)
	}
	return d.shape(name, int(chunk)), info.Size(), nil
}
