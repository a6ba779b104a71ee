package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"parley/cleanroom"
	"parley/cleanroom/api"
	"parley/cleanroom/store"
)

// door is a connection to a node's own API.
type door struct {
	http  *http.Client
	token string // of who calls, or ""
	close func() error
}

// errNotRunning is returned for what only a running node can do.
var errNotRunning = errors.New("the node is not running: start `parley serve` for this home in another terminal")

// socketOf is where a node is reached: its own control socket, or the one for
// people, where --home names that instead of a folder.
func socketOf(h home) string {
	if i, err := os.Stat(h.dir); err == nil && i.Mode().Type() == os.ModeSocket {
		return h.dir
	}
	return cleanroom.Home(h.dir).Socket()
}

// dial connects to a running node.
func dial(h home) (*door, error) {
	path := socketOf(h)
	c, err := net.DialTimeout("unix", path, 2*time.Second)
	if err != nil {
		if path == h.dir {
			return nil, fmt.Errorf("nobody answers at %s: %w", path, err)
		}
		if _, cfgErr := cleanroom.Home(h.dir).Config(); cfgErr != nil {
			return nil, cfgErr
		}
		return nil, errNotRunning
	}
	c.Close()
	t := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}}
	token, err := tokenFor(h)
	if err != nil {
		return nil, err
	}
	return &door{http: &http.Client{Transport: t}, token: token, close: func() error { t.CloseIdleConnections(); return nil }}, nil
}

// enter connects to a running node or, when there is none, opens the home in
// this process for as long as the command takes. Both go through the same
// handlers.
func enter(ctx context.Context, h home) (*door, error) {
	d, err := dial(h)
	if !errors.Is(err, errNotRunning) {
		return d, err
	}
	n, err := openNode(ctx, h, slog.New(slog.DiscardHandler))
	if errors.Is(err, store.ErrInUse) {
		return nil, errors.New("the node of this home is starting or stopping, or another parley command has it open: try again in a moment")
	}
	if err != nil {
		return nil, err
	}
	server, l, err := serveControl(n, h)
	if err != nil {
		return nil, errors.Join(err, n.Close())
	}
	go server.Serve(l)
	d, err = dial(h)
	if err != nil {
		return nil, errors.Join(err, server.Close(), n.Close())
	}
	closeClient := d.close
	d.close = func() error { return errors.Join(closeClient(), server.Close(), n.Close()) }
	return d, nil
}

// with enters the node, runs fn and closes the door.
func with(ctx context.Context, h home, fn func(*door) error) error {
	d, err := enter(ctx, h)
	if err != nil {
		return err
	}
	return errors.Join(fn(d), d.close())
}

// call sends a request; in is JSON unless it is bytes, out likewise.
func (d *door) call(ctx context.Context, method, path string, in, out any) error {
	resp, err := d.send(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	switch out := out.(type) {
	case nil:
		return nil
	case *[]byte:
		*out = b
		return nil
	}
	return json.Unmarshal(b, out)
}

func (d *door) send(ctx context.Context, method, path string, in any) (*http.Response, error) {
	var body io.Reader
	switch in := in.(type) {
	case nil:
	case []byte:
		body = bytes.NewReader(in)
	default:
		b, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://node"+path, body)
	if err != nil {
		return nil, err
	}
	if d.token != "" {
		req.Header.Set("Authorization", "Bearer "+d.token)
	}
	resp, err := d.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("talk to the node: %w", err)
	}
	if resp.StatusCode < 300 {
		return resp, nil
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	var p api.Problem
	if json.Unmarshal(b, &p) != nil || p.Detail == "" {
		return nil, fmt.Errorf("the node answered %s", resp.Status)
	}
	if p.Status == http.StatusBadGateway {
		return nil, withCode(exitNoPartner, &p)
	}
	if p.Status >= 400 && p.Status < 500 {
		return nil, withCode(exitRefused, &p)
	}
	return nil, &p
}
