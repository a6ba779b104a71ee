package store

import (
	"io"
	"os"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/vfs"
)

// fault is how the chosen write fails.
type fault int

const (
	failEIO    fault = iota // an error; later writes work
	failENOSPC              // the same, for a full disk
	crashKeep               // the process ends before it; everything written is kept
	crashLose               // the machine ends before it; what was not synced is lost
	crashTear               // the machine ends in it: half of it is kept, and what came before
)

func (f fault) String() string {
	return [...]string{"EIO", "ENOSPC", "crash, unsynced kept", "crash, unsynced lost", "crash, torn"}[f]
}

// faultyVFS passes everything to the system's VFS and fails one write. It
// remembers how to undo writes that were not synced. SQLite calls it from one
// connection at a time.
type faultyVFS struct {
	how   fault
	left  int64 // writes until the fault; 0 from the start: none
	hit   bool
	files map[string]*unsynced
}

// unsynced is a file as it was at its last sync.
type unsynced struct {
	exists  bool
	content []byte
	dirty   bool
}

func (v *faultyVFS) Open(string, vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	return nil, 0, sqlite3.CANTOPEN
}

func (v *faultyVFS) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	f, out, err := vfs.Find("").(vfs.VFSFilename).OpenFilename(name, flags)
	if err != nil || name == nil {
		return f, out, err
	}
	return &faultyFile{File: f, v: v, name: name.String()}, out, nil
}

func (v *faultyVFS) Delete(name string, dirSync bool) error {
	if err := v.step(nil); err != nil {
		return err
	}
	return vfs.Find("").Delete(name, dirSync)
}

func (v *faultyVFS) Access(name string, f vfs.AccessFlag) (bool, error) {
	return vfs.Find("").Access(name, f)
}

func (v *faultyVFS) FullPathname(name string) (string, error) {
	return vfs.Find("").FullPathname(name)
}

// step counts one write and fails it when it is the chosen one; torn does
// half of it. After a crash nothing works any more.
func (v *faultyVFS) step(torn func()) error {
	if v.left == 0 && !v.hit {
		return nil // no fault wanted
	}
	v.left--
	if v.left > 0 || v.left < 0 && v.how <= failENOSPC {
		return nil
	}
	if v.left == 0 && v.how == crashTear && torn != nil {
		torn()
	}
	v.hit = true
	if v.how == failENOSPC {
		return sqlite3.FULL
	}
	return sqlite3.IOERR
}

// crash brings the files to the state a restarted machine would find.
func (v *faultyVFS) crash() {
	if !v.hit || v.how != crashLose {
		return
	}
	for name, u := range v.files {
		switch {
		case !u.dirty:
		case u.exists:
			os.WriteFile(name, u.content, 0o600)
		default:
			os.Remove(name)
		}
	}
}

type faultyFile struct {
	vfs.File
	v    *faultyVFS
	name string
}

// touch keeps the synced content before the first write that changes it.
func (f *faultyFile) touch() {
	if f.v.how != crashLose {
		return
	}
	if f.v.files == nil {
		f.v.files = map[string]*unsynced{}
	}
	if u := f.v.files[f.name]; u == nil || !u.dirty {
		b, err := os.ReadFile(f.name)
		f.v.files[f.name] = &unsynced{exists: err == nil, content: b, dirty: true}
	}
}

func (f *faultyFile) WriteAt(p []byte, off int64) (int, error) {
	if err := f.v.step(func() { f.File.WriteAt(p[:len(p)/2], off) }); err != nil {
		return 0, err
	}
	f.touch()
	return f.File.WriteAt(p, off)
}

func (f *faultyFile) Truncate(size int64) error {
	if err := f.v.step(nil); err != nil {
		return err
	}
	f.touch()
	return f.File.Truncate(size)
}

func (f *faultyFile) Sync(vfs.SyncFlag) error {
	if err := f.v.step(nil); err != nil {
		return err
	}
	if u := f.v.files[f.name]; u != nil {
		u.dirty = false
	}
	return nil
}

func (f *faultyFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.File.ReadAt(p, off)
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}
