package audit

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// files is the disk as the log uses it; names are relative, with slashes.
// Tests put a disk that fails or loses unsynced writes in its place.
type files interface {
	ReadFile(name string) ([]byte, error)
	List() ([]string, error)
	// Open opens a file for writing, creating it (mode 0600) if needed.
	Open(name string) (file, error)
	Rename(from, to string) error
	MkdirAll(dir string) error
	SyncDir(dir string) error
}

type file interface {
	WriteAt(b []byte, off int64) (int, error)
	Truncate(size int64) error
	Sync() error
	Close() error
}

// put makes a file consist of its first off bytes followed by b, durably. A
// file that may be new (off 0) has its directories synced as well.
func put(d files, name string, off int64, b []byte) error {
	if off == 0 {
		if err := d.MkdirAll(path.Dir(name)); err != nil {
			return err
		}
	}
	if err := write(d, name, off, b); err != nil || off > 0 {
		return err
	}
	for dir := path.Dir(name); ; dir = path.Dir(dir) {
		if err := d.SyncDir(dir); err != nil || dir == "." {
			return err
		}
	}
}

// write truncates first, so that what a failed write left is not mixed with
// what comes now. The sync goes through the handle that wrote, because only
// that one is sure to be told of a failed write-back.
func write(d files, name string, off int64, b []byte) error {
	f, err := d.Open(name)
	if err != nil {
		return err
	}
	err = f.Truncate(off)
	if err == nil && len(b) > 0 {
		_, err = f.WriteAt(b, off)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// replace changes a whole file at once: readers see the old or the new bytes.
func replace(d files, name string, b []byte) error {
	if err := write(d, name+".tmp", 0, b); err != nil {
		return err
	}
	if err := d.Rename(name+".tmp", name); err != nil {
		return err
	}
	return d.SyncDir(path.Dir(name))
}

// directory is a real directory.
type directory string

func (d directory) at(name string) string { return filepath.Join(string(d), filepath.FromSlash(name)) }

func (d directory) ReadFile(name string) ([]byte, error) { return os.ReadFile(d.at(name)) }

func (d directory) Open(name string) (file, error) {
	return os.OpenFile(d.at(name), os.O_RDWR|os.O_CREATE, 0o600)
}

func (d directory) Rename(from, to string) error { return os.Rename(d.at(from), d.at(to)) }

func (d directory) MkdirAll(dir string) error { return os.MkdirAll(d.at(dir), 0o700) }

func (d directory) SyncDir(dir string) error {
	f, err := os.Open(d.at(dir))
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// List names everything that is not a directory, in lexical order.
func (d directory) List() ([]string, error) {
	var names []string
	err := filepath.WalkDir(string(d), func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(string(d), p)
		names = append(names, strings.ReplaceAll(rel, string(filepath.Separator), "/"))
		return err
	})
	return names, err
}
