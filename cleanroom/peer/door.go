package peer

import (
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"parley/internal/weak"
)

// door is a listener that hands out only connections whose caller has proved
// to hold a known key. Everyone else is held outside:
//
//	Accept ──▶ pending (≤ 256, 5 s each) ──TLS──▶ seated (≤ 256, ≤ 32 a key) ──▶ HTTP/2
//	                 │                                             └──▶ reversed (≤ 4 a key)
//	                 └──▶ joining, while an invitation is open; pending until it is over
//
// Strangers can fill pending, and it costs them nothing. So a full pending
// list never refuses a newcomer: it drops the oldest connection of the source
// that has most of them. A partner's handshake takes a few round trips; to
// keep it out, strangers must open 256 connections in that time, and a single
// source only ever displaces itself.
type door struct {
	inner    net.Listener
	tls      *tls.Config
	log      *slog.Logger
	limit    doorLimits
	host     Host
	reversed *reversed

	ready  chan *tls.Conn
	closed chan struct{}
	once   sync.Once
	work   sync.WaitGroup

	mu      sync.Mutex
	pending []*guest       // in order of arrival; mu
	seats   map[string]int // seated connections by fingerprint; mu
	seated  int            // sum of seats; mu
}

var errHandshake = errors.New("the TLS handshake failed or took too long")

// doorLimits bound what connections may cost.
type doorLimits struct {
	pending   int           // connections in their handshake
	handshake time.Duration // for one of them
	linger    time.Duration // to let a refused caller read why
	seated    int           // known connections in all
	perKey    int           // of one key
}

var defaultDoor = doorLimits{pending: 256, handshake: 5 * time.Second, linger: time.Second, seated: 256, perKey: 32}

// guest is a connection that has not proved anything yet.
type guest struct {
	net.Conn
	source netip.Prefix
	leave  func() // gives the seat back, once seated
	once   sync.Once
}

// Close closes the connection and gives its seat back.
func (g *guest) Close() error {
	err := g.Conn.Close()
	g.once.Do(func() {
		if g.leave != nil {
			g.leave()
		}
	})
	return err
}

func newDoor(l net.Listener, s *Server) *door {
	d := &door{inner: l, tls: s.tls, log: s.cfg.Log, limit: s.limit, host: s.cfg.Host, reversed: s.reversed, ready: make(chan *tls.Conn),
		closed: make(chan struct{}), seats: map[string]int{}}
	d.work.Add(1)
	go d.listen()
	return d
}

// Accept implements net.Listener. The connections are *tls.Conn, past their
// handshake.
func (d *door) Accept() (net.Conn, error) {
	select {
	case c := <-d.ready:
		return c, nil
	case <-d.closed:
		return nil, net.ErrClosed
	}
}

// Addr implements net.Listener.
func (d *door) Addr() net.Addr { return d.inner.Addr() }

// Close stops listening, drops every connection that is not seated yet, and
// waits until nothing of the door runs any more.
func (d *door) Close() error {
	err := d.inner.Close()
	d.once.Do(func() { close(d.closed) })
	d.mu.Lock()
	for _, g := range d.pending {
		g.Conn.Close()
	}
	d.mu.Unlock()
	d.work.Wait()
	return err
}

func (d *door) listen() {
	defer d.work.Done()
	defer d.once.Do(func() { close(d.closed) })
	for wait := time.Millisecond; ; {
		c, err := d.inner.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // out of file descriptors, most likely: others may leave
			d.log.Warn("peer door", "error", err)
			select {
			case <-time.After(wait):
			case <-d.closed:
				return
			}
			wait = min(2*wait, time.Second)
			continue
		}
		wait = time.Millisecond
		if g := d.admit(c); g != nil {
			go d.greet(g)
		}
	}
}

// admit enters a connection in the pending list, dropping another if need be.
// It returns nil when the door has closed meanwhile.
func (d *door) admit(c net.Conn) *guest {
	g := &guest{Conn: c, source: sourceOf(c.RemoteAddr())}
	d.mu.Lock()
	defer d.mu.Unlock()
	select {
	case <-d.closed:
		c.Close()
		return nil
	default:
	}
	if len(d.pending) >= d.limit.pending {
		if weak.Off("R48") {
			c.Close()
			return nil
		}
		d.evict()
	}
	d.pending = append(d.pending, g)
	d.work.Add(1)
	return g
}

// evict drops the oldest connection of the source that has most.
func (d *door) evict() {
	count := map[netip.Prefix]int{}
	most := 0
	for _, g := range d.pending {
		count[g.source]++
		most = max(most, count[g.source])
	}
	for i, g := range d.pending {
		if count[g.source] == most {
			g.Conn.Close()
			d.pending = append(d.pending[:i], d.pending[i+1:]...)
			return
		}
	}
}

// sourceOf is what one attacker is assumed to have: an IPv4 address or an
// IPv6 /64.
func sourceOf(a net.Addr) netip.Prefix {
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Prefix{}
	}
	ip, bits := ap.Addr().Unmap().WithZone(""), 32
	if ip.Is6() {
		bits = 64
	}
	p, _ := ip.Prefix(bits) // bits are in range for the family
	return p
}

// greet does the handshake and seats the caller.
func (d *door) greet(g *guest) {
	defer d.work.Done()
	defer d.forget(g)
	g.SetDeadline(time.Now().Add(d.limit.handshake))
	c := tls.Server(g, d.tls)
	if err := c.Handshake(); err != nil {
		reason := handshakeReason(err)
		if reason == nil {
			reason = errHandshake // the library's text may quote the caller's bytes
		}
		d.log.Debug("peer handshake refused", "source", g.source.String(), "reason", reason)
		d.dismiss(g)
		return
	}
	g.SetDeadline(time.Time{})
	if c.ConnectionState().NegotiatedProtocol == JoinProtocol {
		if err := host(c, d.host); err != nil {
			d.log.Info("an invitation was not accepted", "source", g.source.String(), "reason", joinReason(err))
			c.CloseWrite()
			d.dismiss(g)
			return
		}
		c.Close()
		return
	}
	if !d.seat(g, fingerprint(c.ConnectionState().PeerCertificates[0])) {
		d.log.Warn("peer door: too many connections of one key", "source", g.source.String())
		c.Close()
		return
	}
	if c.ConnectionState().NegotiatedProtocol == ReverseProtocol {
		if err := d.reversed.add(fingerprint(c.ConnectionState().PeerCertificates[0]), c); err != nil {
			d.log.Debug("reverse connection", "source", g.source.String(), "reason", errCut)
		}
		return
	}
	select {
	case d.ready <- c:
	case <-d.closed:
		c.Close()
	}
}

// dismiss closes a refused connection so that the alert is read: closing with
// unread bytes would reset the connection and destroy the alert on its way.
func (d *door) dismiss(g *guest) {
	defer g.Close()
	if half, ok := g.Conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		g.SetDeadline(time.Now().Add(d.limit.linger))
		io.CopyN(io.Discard, g.Conn, 64<<10)
	}
}

// seat counts a known caller's connection.
func (d *door) seat(g *guest, key string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.seated >= d.limit.seated || d.seats[key] >= d.limit.perKey {
		return false
	}
	d.seated++
	d.seats[key]++
	g.leave = func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.seated--
		if d.seats[key]--; d.seats[key] == 0 {
			delete(d.seats, key)
		}
	}
	return true
}

func (d *door) forget(g *guest) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, p := range d.pending {
		if p == g {
			d.pending = append(d.pending[:i], d.pending[i+1:]...)
			return
		}
	}
}
