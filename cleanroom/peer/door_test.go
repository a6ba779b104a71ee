package peer

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

// idle opens connections that never say anything, from a given address.
func idle(t *testing.T, addr, from string, count int) []net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 2 * time.Second}
	conns := make([]net.Conn, count)
	for i := range conns {
		c, err := d.Dial("tcp", addr)
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		conns[i] = c
		t.Cleanup(func() { c.Close() })
	}
	return conns
}

// R48: strangers that hold the door cost little and keep nobody out.
func TestStrangersDoNotHoldTheDoor(t *testing.T) {
	n, cert, _ := known(t, nil)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	idle(t, n.addr, "127.0.0.2", 600)
	began := time.Now()
	for range 20 { // each a new connection
		c := n.client(t, cert)
		if err := status(c); err != nil {
			t.Fatalf("a known partner was kept out: %v", err)
		}
		c.Close()
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("20 handshakes took %s", took)
	}
	runtime.ReadMemStats(&after)
	if held := int64(after.Sys) - int64(before.Sys); held > 64<<20 {
		t.Errorf("600 idle connections hold %d MiB", held>>20)
	}
}

// A silent caller is dropped at the deadline, and so is one that sends its
// first message a byte at a time.
func TestHandshakeHasADeadline(t *testing.T) {
	n, _, _ := known(t, func(s *Server) { s.limit.handshake, s.limit.linger = 200*time.Millisecond, 50*time.Millisecond })
	for _, drip := range []bool{false, true} {
		c := idle(t, n.addr, "127.0.0.1", 1)[0]
		began := time.Now()
		stop := make(chan struct{})
		dripped := make(chan struct{})
		go func() {
			defer close(dripped)
			for drip {
				select {
				case <-stop:
					return
				case <-time.After(10 * time.Millisecond):
					c.Write([]byte{0x16})
				}
			}
		}()
		c.SetReadDeadline(began.Add(3 * time.Second))
		for {
			if _, err := c.Read(make([]byte, 64)); err != nil {
				if errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) > 2*time.Second {
					t.Errorf("still open after %s", time.Since(began))
				}
				break
			}
		}
		close(stop)
		<-dripped
	}
}

// The source with most connections loses its oldest; one with few keeps them.
func TestEvictionIsFair(t *testing.T) {
	d := &door{limit: doorLimits{pending: 3}, closed: make(chan struct{})}
	from := func(ip string) *pipeConn {
		a, b := net.Pipe()
		t.Cleanup(func() { a.Close(); b.Close() })
		return &pipeConn{Conn: a, addr: &net.TCPAddr{IP: net.ParseIP(ip), Port: 1}}
	}
	few := from("2001:db8::1")
	many := []*pipeConn{from("2001:db8:1:1::1"), from("2001:db8:1:1::2"), from("2001:db8:1:1:5::3")}
	for _, c := range []*pipeConn{few, many[0], many[1], many[2]} {
		d.admit(c)
	}
	d.admit(from("192.0.2.1"))
	if few.shut || !many[0].shut || !many[1].shut || many[2].shut || len(d.pending) != 3 {
		t.Errorf("few %v, many %v %v %v, %d pending", few.shut, many[0].shut, many[1].shut, many[2].shut, len(d.pending))
	}
}

type pipeConn struct {
	net.Conn
	addr net.Addr
	shut bool
}

func (p *pipeConn) RemoteAddr() net.Addr { return p.addr }
func (p *pipeConn) Close() error         { p.shut = true; return p.Conn.Close() }

// One partner cannot take every seat.
func TestSeatsPerKey(t *testing.T) {
	n, cert, _ := known(t, func(s *Server) { s.limit.perKey = 2 })
	other := fresh(t)
	n.svc.know(other, true)
	hold := func() *tls.Conn {
		c, err := tls.Dial("tcp", n.addr, clientTLS(cert, fingerprint(n.cert.Leaf), time.Now))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	seated := []*tls.Conn{hold(), hold()}
	for _, c := range seated { // the server speaks first, once it has seated a caller
		if _, err := c.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
	}
	over := hold()
	over.SetReadDeadline(time.Now().Add(2 * time.Second))
	if _, err := over.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a third connection was seated: %v", err)
	}
	if err := status(n.client(t, other)); err != nil {
		t.Errorf("another partner: %v", err)
	}
	seated[0].Close()
	waitFor(t, func() bool { return status(n.client(t, cert)) == nil })
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(3 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not happen in 3 s")
		}
	}
}

// A known partner's half-sent header block ends with the connection's idle
// time, and does not disturb others.
func TestHalfHeader(t *testing.T) {
	n, cert, c := known(t, func(s *Server) { s.http.IdleTimeout = 300 * time.Millisecond })
	conn, err := tls.Dial("tcp", n.addr, clientTLS(cert, fingerprint(n.cert.Leaf), time.Now))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.Write([]byte(http2.ClientPreface))
	f := http2.NewFramer(conn, conn)
	f.WriteSettings()
	f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0x82}}) // no END_HEADERS
	if err := status(c); err != nil {
		t.Errorf("another connection: %v", err)
	}
	conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	for began := time.Now(); ; {
		if _, err := conn.Read(make([]byte, 512)); err != nil {
			if time.Since(began) > 4*time.Second {
				t.Error("the connection stayed open")
			}
			return
		}
	}
}
