package peer

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"parley/crypto/wire"
)

// kept holds the chunks of a piece of work that outlives the process: reading
// one does not remove it, and a later process finds them again.
//
//	DIR/align_1_u+0000002a    nonce (12) ‖ AES-256-GCM(chunk), one file a chunk
//
// A name is the step, with _ for /, and the chunk's number in hex; both are
// authenticated, so that no file can stand in for another. Nonces are random:
// a counter would repeat after a crash. A file is written under another name
// and then renamed, so that what a kill leaves is whole. It is not synced:
// what a power failure destroys does not open, and is sent again.
type kept struct {
	dir  *os.Root
	aead cipher.AEAD
}

// newKept takes over dir.
func newKept(dir *os.Root, key [32]byte) (*kept, error) {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return &kept{dir: dir, aead: aead}, nil
}

func (k chunkKey) file() string {
	return fmt.Sprintf("%s+%08x", strings.ReplaceAll(string(k.step), "/", "_"), k.index)
}

// keyOfFile is the inverse of file; false for a name that is not of its making.
func keyOfFile(name string) (chunkKey, bool) {
	step, index, ok := strings.Cut(name, "+")
	n, err := strconv.ParseUint(index, 16, 32)
	k := chunkKey{wire.Step(strings.ReplaceAll(step, "_", "/")), int(n)}
	return k, ok && err == nil && n < maxChunks && isStep(string(k.step)) && k.file() == name
}

// place is what a chunk's seal is bound to besides its key.
func (k chunkKey) place() []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(k.index)), k.step...)
}

const unfinished = ".part" // suffix of a file that is being written

func (s *kept) put(c slip, chunk []byte) error {
	nonce := make([]byte, s.aead.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return err
	}
	name := c.chunkKey.file()
	f, err := s.dir.OpenFile(name+unfinished, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("keep a chunk: %w", err)
	}
	_, err = f.Write(nonce)
	if err == nil {
		_, err = f.Write(s.aead.Seal(chunk[:0], nonce, chunk, c.place()))
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = s.dir.Rename(name+unfinished, name)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("keep a chunk: %w", err), s.dir.Remove(name+unfinished))
	}
	return nil
}

func (s *kept) take(c slip) ([]byte, error) {
	f, err := s.dir.Open(c.chunkKey.file())
	if err != nil {
		return nil, fmt.Errorf("read a kept chunk: %w", err)
	}
	defer f.Close()
	sealed := make([]byte, s.aead.NonceSize()+c.size+s.aead.Overhead())
	if _, err := io.ReadFull(f, sealed); err != nil {
		return nil, errTampered
	}
	nonce, sealed := sealed[:s.aead.NonceSize()], sealed[s.aead.NonceSize():]
	chunk, err := s.aead.Open(sealed[:0], nonce, sealed, c.place())
	if err != nil {
		return nil, errTampered
	}
	return chunk, nil
}

func (s *kept) close() error { return s.dir.Close() }

// list opens every chunk once, for its digest, and removes what does not open
// or is not a chunk.
func (s *kept) list() (map[chunkKey]*chunk, error) {
	d, err := s.dir.Open(".")
	if err != nil {
		return nil, err
	}
	defer d.Close()
	files, err := d.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	found := make([]*chunk, len(files))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0)) // each has a chunk in memory
	for i, f := range files {
		g.Go(func() error {
			var err error
			if found[i], err = s.look(f); found[i] == nil && err == nil {
				err = s.dir.RemoveAll(f.Name())
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	all := map[chunkKey]*chunk{}
	for _, c := range found {
		if c != nil {
			all[c.slip.chunkKey] = c
		}
	}
	return all, nil
}

// look returns the entry of one file, or nil if it is not a chunk.
func (s *kept) look(f os.DirEntry) (*chunk, error) {
	key, ok := keyOfFile(f.Name())
	info, err := f.Info()
	if err != nil {
		return nil, err
	}
	size := info.Size() - int64(s.aead.NonceSize()+s.aead.Overhead())
	if !ok || !info.Mode().IsRegular() || size < 0 || size > ChunkSize {
		return nil, nil
	}
	c := &chunk{size: int(size), cost: max(size, block), slip: slip{chunkKey: key, size: int(size)}, stored: true, done: make(chan struct{})}
	close(c.done)
	body, err := s.take(c.slip)
	if errors.Is(err, errTampered) {
		return nil, nil
	}
	c.digest = sha256.Sum256(body)
	return c, err
}

// newKeptMailbox takes up the mailbox that lies in dir.
func newKeptMailbox(dir *os.Root, key [32]byte, limit int64) (*mailbox, error) {
	s, err := newKept(dir, key)
	if err != nil {
		return nil, err
	}
	m := newMailbox(s, limit)
	m.keeps = true
	if m.chunks, err = s.list(); err != nil {
		return nil, fmt.Errorf("take up kept chunks: %w", err)
	}
	if len(m.chunks) > maxChunks {
		return nil, errSpoolFull
	}
	for _, c := range m.chunks {
		m.lastID++
		c.slip.id = m.lastID
		m.unread += c.cost
	}
	return m, nil
}
