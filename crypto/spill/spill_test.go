package spill

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

var key = [32]byte{1, 2, 3}

// open opens a directory until the test ends.
func open(t testing.TB, path string, key [32]byte) *Dir {
	t.Helper()
	root, err := os.OpenRoot(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	d, err := Open(root, key)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// content is n bytes that differ from place to place.
func content(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{5})
	r.Read(b)
	return b
}

// write writes b in uneven pieces and completes the file if it is to be.
func write(t testing.TB, w *Writer, b []byte, complete bool) {
	t.Helper()
	for n := 1; len(b) > 0; n = n*3 + 1 {
		c := min(n, len(b))
		if m, err := w.Write(b[:c]); m != c || err != nil {
			t.Fatal(m, err)
		}
		b = b[c:]
	}
	end := w.Close
	if complete {
		end = w.Complete
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
}

func create(t testing.TB, d *Dir, name string, chunk int) *Writer {
	t.Helper()
	w, err := d.Create(name, chunk)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// readAll reads a file to its end.
func readAll(d *Dir, name string) ([]byte, error) {
	r, err := d.Read(name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err == nil && r.Size() != int64(len(b)) {
		err = fmt.Errorf("size is %d, read %d", r.Size(), len(b))
	}
	return b, err
}

// sizes are around the bounds of chunks of 64 bytes.
var sizes = []int{0, 1, 63, 64, 65, 127, 128, 129, 1000, 6400}

func TestFilesComeBack(t *testing.T) {
	d := open(t, t.TempDir(), key)
	for _, n := range sizes {
		name, want := fmt.Sprint("f", n), content(n)
		w := create(t, d, name, 64)
		write(t, w, want, true)
		if _, err := w.Write([]byte{1}); err == nil || w.Complete() == nil {
			t.Error("a complete file took more")
		}
		got, err := readAll(d, name)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: %d came back, %v", n, len(got), err)
		}
		if size, done, err := d.Complete(name); size != int64(n) || !done || err != nil {
			t.Errorf("%d bytes: complete is %d, %v, %v", n, size, done, err)
		}
	}
	if _, done, err := d.Complete("none"); done || err != nil {
		t.Errorf("a file that is not there: %v, %v", done, err)
	}
}

func TestNext(t *testing.T) {
	d := open(t, t.TempDir(), key)
	want := content(12 * 100)
	write(t, create(t, d, "f", 12*7), want, true)
	r, err := d.Read("f")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for i := 0; i < len(want); i += 12 {
		b, err := r.Next(12)
		if err != nil || !bytes.Equal(b, want[i:i+12]) {
			t.Fatalf("record %d: %v", i/12, err)
		}
	}
	if _, err := r.Next(12); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
	uneven, err := d.Read("f")
	if err != nil {
		t.Fatal(err)
	}
	defer uneven.Close()
	for err == nil {
		_, err = uneven.Next(16)
	}
	if err == io.EOF {
		t.Error("records that run over chunks were read")
	}
}

// A file cut anywhere, as by a crash, keeps its whole chunks and goes on.
func TestAppendTakesUp(t *testing.T) {
	const chunk, sealed = 64, 64 + overhead
	want := content(6*chunk + 10)
	path := t.TempDir()
	d := open(t, path, key)
	write(t, create(t, d, "f", chunk), want[:5*chunk+7], false)
	whole, err := os.ReadFile(filepath.Join(path, "f"))
	if err != nil {
		t.Fatal(err)
	}
	if len(whole) != headerSize+5*sealed {
		t.Fatalf("%d bytes on disk", len(whole))
	}
	for cut := range len(whole) + 1 {
		torn := append(bytes.Clone(whole[:cut]), make([]byte, cut%3*9*sealed/2)...)
		if err := os.WriteFile(filepath.Join(path, "f"), torn, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, done, err := d.Complete("f"); done || err != nil {
			if cut >= headerSize {
				t.Fatalf("cut at %d: complete is %v, %v", cut, done, err)
			}
			continue // zeros in the header are damage
		}
		w, err := d.Append("f", chunk+1)
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		kept := max(0, cut-headerSize) / sealed * chunk
		if w.Size() != int64(kept) {
			t.Fatalf("cut at %d: %d bytes taken up, want %d", cut, w.Size(), kept)
		}
		write(t, w, want[kept:], true)
		if got, err := readAll(d, "f"); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("cut at %d: %v", cut, err)
		}
	}
}

// The chunk size is that of the file, not the one asked for when it is taken
// up; without a file, Append creates one.
func TestAppendKeepsTheChunkSize(t *testing.T) {
	d := open(t, t.TempDir(), key)
	w, err := d.Append("f", 10)
	if err != nil {
		t.Fatal(err)
	}
	write(t, w, content(25), false)
	if w, err = d.Append("f", 25); err != nil || w.Size() != 20 {
		t.Fatalf("%d bytes taken up, %v", w.Size(), err)
	}
	write(t, w, content(25)[20:], true)
	if got, err := readAll(d, "f"); err != nil || !bytes.Equal(got, content(25)) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if _, err := d.Create("g", MaxChunk+1); err == nil {
		t.Error("a chunk of any size was accepted")
	}
}

// No change to a complete file goes unseen, byte by byte and cut by cut, and
// no byte comes that was not written.
func TestChangesAreFound(t *testing.T) {
	path, want := t.TempDir(), content(3*16+5)
	d := open(t, path, key)
	write(t, create(t, d, "f", 16), want, true)
	write(t, create(t, d, "other", 16), want, true)
	file := filepath.Join(path, "f")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const sealed = 16 + overhead
	changed := map[string][]byte{
		"empty":       {},
		"longer":      append(bytes.Clone(whole), 0),
		"chunk moved": append(append(append(bytes.Clone(whole[:headerSize]), whole[headerSize+sealed:headerSize+2*sealed]...), whole[headerSize:headerSize+sealed]...), whole[headerSize+2*sealed:]...),
		"chunk lost":  append(bytes.Clone(whole[:headerSize]), whole[headerSize+sealed:]...),
	}
	for i := range whole {
		b := bytes.Clone(whole)
		b[i] ^= 0x40
		changed[fmt.Sprint("byte ", i)] = b
		changed[fmt.Sprint("cut at ", i)] = whole[:i]
	}
	if changed["another file"], err = os.ReadFile(filepath.Join(path, "other")); err != nil {
		t.Fatal(err)
	}
	for name, b := range changed {
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := readAll(d, "f")
		if !errors.Is(err, ErrDamaged) || !bytes.HasPrefix(want, got) {
			t.Errorf("%s: read %d bytes, %v", name, len(got), err)
		}
	}
	if err := os.WriteFile(file, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readAll(open(t, path, [32]byte{9}), "f"); !errors.Is(err, ErrDamaged) {
		t.Errorf("with another key: %v", err)
	}
}

// A chunk that was changed in the middle of an incomplete file is no torn
// tail.
func TestAppendRefusesAChangedMiddle(t *testing.T) {
	path := t.TempDir()
	d := open(t, path, key)
	write(t, create(t, d, "f", 16), content(160), false)
	file := filepath.Join(path, "f")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Append("f", 16); !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v", err)
	}
}

// Equal files are different bytes on disk, none of them in clear, and only the
// owner may read them.
func TestFilesAreSealed(t *testing.T) {
	path := t.TempDir()
	d := open(t, path, key)
	plain := bytes.Repeat([]byte("identifier"), 100)
	var disk [2][]byte
	for i := range disk {
		write(t, create(t, d, "f", 100), plain, true)
		info, err := os.Stat(filepath.Join(path, "f"))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
		if disk[i], err = os.ReadFile(filepath.Join(path, "f")); err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(disk[i], []byte("ident")) {
			t.Error("the file is in clear")
		}
	}
	body := disk[0][headerSize:]
	for len(body) >= 16 {
		if bytes.Contains(disk[1][headerSize:], body[:16]) {
			t.Fatal("two files share bytes: a nonce came twice")
		}
		body = body[16:]
	}
}

func TestRemove(t *testing.T) {
	d := open(t, t.TempDir(), key)
	write(t, create(t, d, "f", 16), content(5), true)
	if err := d.Remove("f", "none"); err != nil {
		t.Error(err)
	}
	if _, err := d.Read("f"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if err := d.Remove("../f"); err == nil {
		t.Error("a file outside of the directory was removed")
	}
}

func BenchmarkWriteRead(b *testing.B) {
	d, data := open(b, b.TempDir(), key), content(32<<20)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		w := create(b, d, "f", 256<<10)
		w.Write(data)
		if err := w.CompleteBrief(); err != nil {
			b.Fatal(err)
		}
		r, err := d.Read("f")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r); err != nil {
			b.Fatal(err)
		}
		r.Close()
	}
}
