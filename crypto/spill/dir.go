package spill

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// ErrDamaged says that a file was changed or cut. Its piece of work cannot be
// taken up: start it again with a new key.
var ErrDamaged = errors.New("the work file was changed or is cut short; remove the work directory and start the work again")

// Dir is the directory of one piece of work. Its methods may be called from
// several goroutines, for different files.
type Dir struct {
	root *os.Root
	aead cipher.AEAD
}

// Open returns the files of one piece of work. root is a directory of its own,
// key is drawn from crypto/rand for this piece of work and kept by the caller
// for as long as the work may be taken up again. The caller closes root, after
// all readers and writers, and removes the directory when the work is done.
func Open(root *os.Root, key [32]byte) (*Dir, error) {
	if root == nil {
		return nil, errors.New("spill: no directory given")
	}
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, fmt.Errorf("spill: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("spill: %w", err)
	}
	return &Dir{root: root, aead: aead}, nil
}

// Complete reports whether a file is there and ends with a last chunk, and if
// so, how many bytes it holds. It opens the last chunk only: readers find what
// is wrong with the others. A file that was not completed is not an error.
func (d *Dir) Complete(name string) (size int64, done bool, err error) {
	f, err := d.root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, failed(name, err)
	}
	defer f.Close()
	s, total, err := d.shapeOf(name, f)
	if err != nil || s.chunk == 0 {
		return 0, false, err
	}
	full, rest := s.split(total)
	if rest < overhead {
		return 0, false, nil
	}
	b := make([]byte, rest)
	if _, err := f.ReadAt(b, s.offset(full)); err != nil {
		return 0, false, failed(name, err)
	}
	if _, err := s.open(b, full, true); err != nil {
		return 0, false, nil
	}
	return full*int64(s.chunk) + rest - overhead, true, nil
}

// Remove removes files. One that is not there is not an error.
func (d *Dir) Remove(names ...string) error {
	for _, name := range names {
		if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return failed(name, err)
		}
	}
	return nil
}

func failed(name string, err error) error { return fmt.Errorf("work file %s: %w", name, err) }
