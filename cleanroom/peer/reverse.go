package peer

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// ReverseProtocol is the ALPN of connections on which the roles of HTTP/2 are
// reversed: the node that dialled answers calls, and the one that was dialled
// makes them. In this way a node that nobody can dial takes part in everything.
//
//	dial-only node                          reachable node
//	dials, pins the key ────TLS 1.3────▶ door: known key? a seat?
//	ServeReverse                            reversed: kept by key
//	handlers ◀──────────HTTP/2────────── Client
//
// TLS is mutual and pinned at both ends as on every other connection, and the
// calls go through the same handlers: the caller is the holder of the key that
// the connection was pinned to.
const ReverseProtocol = "parley-reverse/1"

const (
	// reversePerKey is how many of these connections of one key are kept. One
	// more closes the oldest: after a cut that only the dialling node has
	// noticed, the new one is the one that works.
	reversePerKey = 4
	// A dial-only node asks earlier for a sign of life than others do: nobody
	// can reach it until it has found out that its connection is dead.
	reversePing     = 5 * time.Second
	reversePingWait = 10 * time.Second
)

// reversed holds the connections that dial-only nodes keep open.
type reversed struct {
	transport *http.Transport

	mu     sync.Mutex
	conns  map[string][]*http.ClientConn // by fingerprint, oldest first; mu
	wake   chan struct{}                 // closed and replaced when one comes; mu
	closed bool                          // mu
}

type connKey struct{}

func newReversed() *reversed {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true) // HTTP/2 at once, over a connection that has its TLS already
	return &reversed{conns: map[string][]*http.ClientConn{}, wake: make(chan struct{}),
		transport: &http.Transport{
			Protocols: protocols,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return ctx.Value(connKey{}).(net.Conn), nil
			},
			ResponseHeaderTimeout:  callTime,
			MaxResponseHeaderBytes: maxHeader,
			DisableCompression:     true,
			HTTP2: &http.HTTP2Config{
				SendPingTimeout:  pingAfter,
				PingTimeout:      pingWait,
				WriteByteTimeout: 30 * time.Second,
			},
		}}
}

// plain hides that a connection has TLS from the HTTP library, which would
// look for HTTP/2 in its ALPN.
type plain struct{ net.Conn }

// add keeps a connection whose other end has proved to hold the key.
func (r *reversed) add(key string, c *tls.Conn) error {
	cc, err := r.transport.NewClientConn(context.WithValue(context.Background(), connKey{}, net.Conn(plain{c})), "http", "node.invalid:80")
	if err != nil {
		c.Close()
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		cc.Close()
		return net.ErrClosed
	}
	all := append(usable(r.conns[key]), cc)
	for len(all) > reversePerKey {
		go all[0].Close() // its state hooks take locks of their own
		all = all[1:]
	}
	r.conns[key] = all
	close(r.wake)
	r.wake = make(chan struct{})
	return nil
}

func usable(all []*http.ClientConn) []*http.ClientConn {
	return slices.DeleteFunc(all, func(c *http.ClientConn) bool { return c.Err() != nil })
}

// wait returns the connection of a key that has least to do, of equals the
// newest, as soon as there is one.
func (r *reversed) wait(ctx context.Context, key string) (*http.ClientConn, error) {
	for {
		best, wake, err := r.pick(key)
		if best != nil || err != nil {
			return best, err
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (r *reversed) pick(key string) (best *http.ClientConn, wake <-chan struct{}, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, nil, net.ErrClosed
	}
	if r.conns[key] = usable(r.conns[key]); len(r.conns[key]) == 0 {
		delete(r.conns, key)
	}
	for _, c := range r.conns[key] {
		if best == nil || c.InFlight() <= best.InFlight() {
			best = c
		}
	}
	return best, r.wake, nil
}

// count is how many connections of a key are open.
func (r *reversed) count(key string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(usable(slices.Clone(r.conns[key])))
}

// drop closes the connections of a key, or of all for "".
func (r *reversed) drop(key string) {
	r.mu.Lock()
	var all []*http.ClientConn
	for k, conns := range r.conns {
		if key == "" || k == key {
			all = append(all, conns...)
			delete(r.conns, k)
		}
	}
	r.mu.Unlock()
	for _, c := range all {
		c.Close()
	}
}

func (r *reversed) close() {
	r.mu.Lock()
	r.closed = true
	close(r.wake)
	r.wake = make(chan struct{})
	r.mu.Unlock()
	r.drop("")
}

// Reversed is how many connections a dial-only node keeps open to this one.
func (s *Server) Reversed(fingerprint string) int { return s.reversed.count(fingerprint) }

// DropReversed closes them, once its partnership has ended.
func (s *Server) DropReversed(fingerprint string) { s.reversed.drop(fingerprint) }

// errNotConnected is why a call to a dial-only node came to nothing.
var errNotConnected = errors.New("it opens its connections itself, and none is open: it may be off, or its people have not confirmed this node")

// overReverse makes calls over the connections that a node keeps open.
type overReverse struct {
	conns    *reversed
	key      string
	patience time.Duration
}

// RoundTrip implements http.RoundTripper. It waits for a connection for as
// long as a silent partner is waited for.
func (o *overReverse) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, stop := context.WithTimeoutCause(r.Context(), o.patience, errNotConnected)
	defer stop()
	c, err := o.conns.wait(ctx, o.key)
	if err != nil {
		return nil, err
	}
	return c.RoundTrip(r)
}

// ServeReverse dials a node and answers its calls on that connection until it
// ends, and says why it ended. up is called once the other node makes use of
// the connection, so that it has accepted this node's key.
func (s *Server) ServeReverse(ctx context.Context, cfg ClientConfig, up func()) error {
	c := NewClient(cfg)
	defer c.Close()
	if err := c.ready(); err != nil {
		return err
	}
	dialled, stop := context.WithTimeout(ctx, 15*time.Second)
	defer stop()
	d := tls.Dialer{NetDialer: dialer(cfg.AllowLoopback), Config: clientTLSFor(cfg.Certificate, cfg.Fingerprint, ReverseProtocol, cfg.Now)}
	conn, err := d.DialContext(dialled, "tcp", cfg.Address)
	if err != nil {
		return c.reverseFailure(dialled, err)
	}
	call := &callIn{Conn: conn, key: cfg.Fingerprint, up: up, ended: make(chan struct{})}
	if !s.callsIn.put(call) {
		conn.Close()
		return net.ErrClosed
	}
	select {
	case <-call.ended:
	case <-ctx.Done():
		call.Close()
		<-call.ended
		return context.Cause(ctx)
	}
	return c.reverseFailure(ctx, call.err)
}

func (c *Client) reverseFailure(ctx context.Context, err error) error {
	var op *net.OpError
	switch {
	case isAlert(err, alertNoProtocol):
		return c.final(errNoReverse)
	case err == nil:
		return c.unreachable(errCut)
	case handshakeReason(err) != nil, errors.Is(err, errAddress), ctx.Err() != nil, errors.As(err, &op) && op.Op == "dial":
		return c.failure(ctx, err)
	}
	return c.unreachable(errCut)
}

var errNoReverse = errors.New("it does not take connections of nodes that can only dial out")

// callIn is a connection that this node dialled and answers calls on.
type callIn struct {
	net.Conn
	key   string // fingerprint of the other end
	up    func()
	once  sync.Once
	first sync.Once
	ended chan struct{}
	err   error // of the first read that failed; written before ended closes
	mu    sync.Mutex
}

func (c *callIn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.first.Do(c.up)
	}
	if err != nil {
		c.mu.Lock()
		if c.err == nil {
			c.err = err
		}
		c.mu.Unlock()
	}
	return n, err
}

// Close implements net.Conn.
func (c *callIn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() { close(c.ended) })
	return err
}

// callsIn is a listener for connections that this node dialled.
type callsIn struct {
	ready  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newCallsIn() *callsIn {
	return &callsIn{ready: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *callsIn) put(c net.Conn) bool {
	select {
	case l.ready <- c:
		return true
	case <-l.closed:
		return false
	}
}

// Accept implements net.Listener.
func (l *callsIn) Accept() (net.Conn, error) {
	select {
	case c := <-l.ready:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *callsIn) Close() error { l.once.Do(func() { close(l.closed) }); return nil }

// Addr implements net.Listener.
func (l *callsIn) Addr() net.Addr { return nowhere{} }

type nowhere struct{}

func (nowhere) Network() string { return "reverse" }
func (nowhere) String() string  { return "reverse" }

// callerKey is where a connection's context has the fingerprint of the key that
// its other end proved to hold.
type callerKey struct{}

// withCaller is the ConnContext of both servers of a node.
func withCaller(ctx context.Context, c net.Conn) context.Context {
	switch c := c.(type) {
	case *tls.Conn:
		return context.WithValue(ctx, callerKey{}, fingerprint(c.ConnectionState().PeerCertificates[0]))
	case *callIn:
		return context.WithValue(ctx, callerKey{}, c.key)
	}
	return ctx
}
