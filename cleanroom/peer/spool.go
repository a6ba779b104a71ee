package peer

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// errSpoolFull is returned when a run's messages exceed the configured space.
var errSpoolFull = errors.New("the spool is full")

var errTampered = errors.New("read spool: the file was changed on disk")

// spool holds the chunks of one run that were received but not yet read.
// Chunks lie on disk so that memory does not grow with the data, encrypted
// under a key that exists only in this process: after a crash they are noise.
//
//	HOME/spool/RUN/0000002a    AES-256-GCM(chunk), nonce = the file's number; one file a chunk
//
// Files are opened below dir only (os.Root) and made new, so a link planted
// there leads nowhere.
type spool struct {
	parent, dir *os.Root
	name        string
	aead        cipher.AEAD
}

// newSpool makes the directory name, which must not exist, below parent.
func newSpool(parent *os.Root, name string) (*spool, error) {
	var key [32]byte
	if _, err := rand.Read(key[:]); err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	if err := parent.Mkdir(name, 0o700); err != nil {
		return nil, fmt.Errorf("make spool: %w", err)
	}
	dir, err := parent.OpenRoot(name)
	if err != nil {
		return nil, fmt.Errorf("open spool: %w", err)
	}
	return &spool{parent: parent, dir: dir, name: name, aead: aead}, nil
}

// block is the least a file takes on disk.
const block = 4 << 10

// slip is the claim check of one stored chunk.
type slip struct {
	chunkKey
	id   uint64 // counts the chunks of a mailbox, from 1
	size int
}

func (c slip) file() string { return fmt.Sprintf("%08x", c.id) }

// nonce is a counter: the key is fresh for every spool and ids never repeat.
func nonce(id uint64) []byte {
	n := make([]byte, 12)
	binary.BigEndian.PutUint64(n[4:], id)
	return n
}

// put writes a chunk. It encrypts in place: chunk is of no use afterwards.
func (s *spool) put(c slip, chunk []byte) error {
	f, err := s.dir.OpenFile(c.file(), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write spool: %w", err)
	}
	_, err = f.Write(s.aead.Seal(chunk[:0], nonce(c.id), chunk, nil))
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(fmt.Errorf("write spool: %w", err), s.dir.Remove(c.file()))
	}
	return nil
}

// take reads a chunk and removes it.
func (s *spool) take(c slip) ([]byte, error) {
	f, err := s.dir.Open(c.file())
	if err != nil {
		return nil, fmt.Errorf("read spool: %w", err)
	}
	defer f.Close()
	sealed := make([]byte, c.size+s.aead.Overhead())
	if _, err := io.ReadFull(f, sealed); err != nil {
		return nil, errTampered
	}
	chunk, err := s.aead.Open(sealed[:0], nonce(c.id), sealed, nil)
	if err != nil {
		return nil, errTampered
	}
	return chunk, s.dir.Remove(c.file())
}

// close deletes the directory with all that is in it. Links are removed, not
// followed.
func (s *spool) close() error {
	return errors.Join(s.dir.Close(), s.parent.RemoveAll(s.name))
}
