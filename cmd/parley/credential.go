package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// credential is a session that `parley login` left for later commands: one
// file (0600) for each node, in the user's configuration folder, named after
// the node's control socket.
type credential struct {
	Socket  string    `json:"socket"`
	Name    string    `json:"name"`
	Token   string    `json:"token"`
	Expires time.Time `json:"expires"`
}

// tokenVariable takes precedence over a session that was left in a file.
const tokenVariable = "PARLEY_TOKEN"

func credentialFile(h home) (socket, file string, err error) {
	if socket, err = filepath.Abs(socketOf(h)); err != nil {
		return "", "", err
	}
	// The same home by another way is the same node.
	if real, err := filepath.EvalSymlinks(filepath.Dir(socket)); err == nil {
		socket = filepath.Join(real, filepath.Base(socket))
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", "", fmt.Errorf("there is no folder to keep the session in (%w); set %s instead", err, tokenVariable)
	}
	sum := sha256.Sum256([]byte(socket))
	return socket, filepath.Join(dir, "parley", "sessions", hex.EncodeToString(sum[:16])+".json"), nil
}

// tokenFor is what calls to this node show: $PARLEY_TOKEN, else the session
// in the file, else nothing.
func tokenFor(h home) (string, error) {
	if t, ok := os.LookupEnv(tokenVariable); ok {
		return strings.TrimSpace(t), nil
	}
	socket, file, err := credentialFile(h)
	if err != nil {
		return "", nil // nowhere to keep one, so there is none
	}
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the session: %w", err)
	}
	var c credential
	if json.Unmarshal(b, &c) != nil || c.Socket != socket {
		return "", nil // none of ours; `parley login` writes a new one
	}
	return c.Token, nil
}

// keepSession writes the file, for its owner alone.
func keepSession(h home, c credential) error {
	socket, file, err := credentialFile(h)
	if err != nil {
		return err
	}
	c.Socket = socket
	b, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), ".session-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(b)
	if err := errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), file)
}

// dropSession removes the file, if there is one.
func dropSession(h home) error {
	_, file, err := credentialFile(h)
	if err != nil {
		return nil
	}
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
