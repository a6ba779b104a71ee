package duckdb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"parley/internal/weak"
)

// openRegular opens a local, regular file that is not a symbolic link. The
// open file, not its path, is what the child gets, so that nothing can be
// exchanged between check and use.
func openRegular(path string) (*os.File, error) {
	if err := checkPath(path); err != nil {
		return nil, err
	}
	// O_NONBLOCK: opening a FIFO must not wait for a writer.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ELOOP) {
		return nil, fmt.Errorf("%q is a symbolic link; name the file it points to", path)
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%q is not a regular file", path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// checkPath refuses what is not the path of one local file (R62).
func checkPath(path string) error {
	if weak.Off("R62") {
		return nil
	}
	switch {
	case path == "":
		return errors.New("no file is named")
	case strings.ContainsRune(path, 0):
		return errors.New("the file's path contains a NUL byte")
	case strings.Contains(path, "://"):
		return fmt.Errorf("%q is a URL; only local files are read: download it first", path)
	case strings.ContainsAny(path, "*?"):
		return fmt.Errorf("%q is a pattern; name one file", path)
	}
	return nil
}

// hashFile returns "sha256:" + hex of f's content from its start.
func hashFile(ctx context.Context, f *os.File) (string, error) {
	h := sha256.New()
	r := &contextReader{ctx, io.NewSectionReader(f, 0, 1<<62)}
	if _, err := io.CopyBuffer(struct{ io.Writer }{h}, r, make([]byte, 1<<18)); err != nil {
		return "", err
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), nil
}

// contextReader stops reading when ctx ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
