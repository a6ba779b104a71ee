package peer

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// ClientConfig names the other node and how to prove who we are.
type ClientConfig struct {
	Member        string // for messages
	Address       string // host:port
	Fingerprint   string // of the other node's TLS key
	Certificate   tls.Certificate
	AllowLoopback bool
	Now           func() time.Time // for the validity of certificates
	// Patience is how long a call that may be repeated is retried while the
	// other node does not answer.
	Patience time.Duration
	// Reverse is set for a node that can only dial out: calls go over the
	// connections that it keeps open to this server, and there is no Address.
	Reverse *Server
}

// Client calls one other node.
type Client struct {
	cfg  ClientConfig
	http *http.Client
}

// NewClient returns a client; no connection is made yet.
func NewClient(cfg ClientConfig) *Client {
	if cfg.Reverse != nil {
		return &Client{cfg: cfg, http: &http.Client{CheckRedirect: noRedirect,
			Transport: &overReverse{cfg.Reverse.reversed, cfg.Fingerprint, cfg.Patience}}}
	}
	return &Client{cfg: cfg, http: &http.Client{
		Transport: &http.Transport{ // no Proxy: the environment has no say here
			DialContext:            dialer(cfg.AllowLoopback).DialContext,
			TLSClientConfig:        clientTLS(cfg.Certificate, cfg.Fingerprint, cfg.Now),
			TLSHandshakeTimeout:    10 * time.Second,
			ForceAttemptHTTP2:      true,
			IdleConnTimeout:        time.Minute,
			ResponseHeaderTimeout:  callTime,
			MaxResponseHeaderBytes: maxHeader,
			DisableCompression:     true, // a compressed answer could grow without bound
			HTTP2: &http.HTTP2Config{
				SendPingTimeout:  pingAfter,
				PingTimeout:      pingWait,
				WriteByteTimeout: 30 * time.Second,
			},
		},
		CheckRedirect: noRedirect,
	}}
}

// noRedirect refuses: a partner's node never redirects; one that does points us
// elsewhere.
func noRedirect(*http.Request, []*http.Request) error { return errRedirect }

// authority is the host of a call's URL. A reverse connection has none that
// could be dialled.
func (c *Client) authority() string {
	if c.cfg.Reverse != nil {
		return "node.invalid"
	}
	return c.cfg.Address
}

// Close drops idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Limits of answers, in bytes.
const (
	maxSmall  = 2 << 20  // a request's 1 MiB, with room for a signature
	maxAnswer = 32 << 20 // a one-owner result
)

// request is one call and what may come back.
type request struct {
	method, path string
	header       http.Header
	body         []byte
	out          any   // for a JSON answer; nil if none is expected
	limit        int64 // of the answer
	mayWait      bool  // 202 is an answer
}

// call sends one request. Its error is the context's cause, a *Problem, an
// *Unreachable, or final.
func (c *Client) call(ctx context.Context, r request) (status int, err error) {
	if err := c.ready(); err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, r.method, "https://"+c.authority()+r.path, bytes.NewReader(r.body))
	if err != nil {
		return 0, c.misunderstood()
	}
	if r.header != nil {
		req.Header = r.header.Clone()
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, c.failure(ctx, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, r.limit+1))
	if err != nil {
		return 0, c.failure(ctx, err)
	}
	if int64(len(b)) > r.limit {
		return 0, fmt.Errorf("node of %s sent more than %d bytes", c.cfg.Member, r.limit)
	}
	return resp.StatusCode, c.read(r, resp.StatusCode, b)
}

// read judges an answer.
func (c *Client) read(r request, status int, b []byte) error {
	switch {
	case status >= 300:
		return refusal(b, status)
	case status == http.StatusAccepted && r.mayWait:
		return nil
	case status == http.StatusNoContent && r.out == nil && len(b) == 0:
		return nil
	case status == http.StatusOK && r.out != nil && strictJSON(b, r.out) == nil:
		return nil
	}
	return c.misunderstood()
}

func (c *Client) misunderstood() error {
	return fmt.Errorf("node of %s sent an answer this version does not understand", c.cfg.Member)
}

// ready checks what is wrong on this side before anyone is called.
func (c *Client) ready() error {
	if c.cfg.Reverse != nil {
		return nil // the other node pinned this one's certificate when it dialled
	}
	if !addressPattern.MatchString(c.cfg.Address) {
		return fmt.Errorf("the agreement's address of %s is not host:port", c.cfg.Member)
	}
	leaf := c.cfg.Certificate.Leaf
	if leaf == nil && len(c.cfg.Certificate.Certificate) > 0 {
		leaf, _ = x509.ParseCertificate(c.cfg.Certificate.Certificate[0]) // the handshake reports a bad one
	}
	if leaf != nil && !valid(leaf, c.cfg.Now()) {
		return errOwnValidity
	}
	return nil
}

// persist repeats a call while the other node does not answer, for as long as
// Patience. Only calls that may be repeated go through it.
func (c *Client) persist(ctx context.Context, r request) (int, error) {
	began := time.Now() // monotonic: a clock that is set does not end it
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		status, err := c.call(ctx, r)
		if !retryable(err) || time.Since(began) >= c.cfg.Patience {
			return status, err
		}
		switch ended := pause(ctx, wait); ended {
		case nil:
		case context.DeadlineExceeded: // nobody's reason: what the last try met says more
			return 0, err
		default:
			return 0, ended
		}
	}
}

// pause waits, or returns why it was cut short.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// jsonHeader is what every JSON request carries.
var jsonHeader = http.Header{"Content-Type": {"application/json"}}

func postJSON(path string, in, out any) (request, error) {
	b, err := json.Marshal(in)
	return request{method: http.MethodPost, path: path, header: jsonHeader, body: b, out: out, limit: maxSmall}, err
}
