package peer

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/crypto/wire"
)

// dialOnly is a node without a listener.
type dialOnly struct {
	cert   tls.Certificate
	svc    *stub
	mail   *Mail
	server *Server
}

func startDialOnly(t testing.TB) *dialOnly {
	t.Helper()
	d := &dialOnly{cert: fresh(t), svc: &stub{}}
	var err error
	if d.mail, err = NewMail(t.TempDir(), 64<<20); err != nil {
		t.Fatal(err)
	}
	d.server = NewServer(ServerConfig{Certificate: d.cert, Service: d.svc, Mail: d.mail, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	ended := make(chan error, 1)
	go func() { ended <- d.server.Serve(nil) }()
	t.Cleanup(func() {
		ctx, stop := context.WithTimeout(context.Background(), time.Second)
		defer stop()
		if err := errors.Join(d.server.Shutdown(ctx), <-ended, d.mail.Close()); err != nil {
			t.Errorf("end of the dial-only node: %v", err)
		}
	})
	return d
}

// reach keeps one connection open to n until the test ends or the returned
// function is called, and returns once n has taken it.
func (d *dialOnly) reach(t testing.TB, n *node, fingerprint string) (cut func()) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	up, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- d.server.ServeReverse(ctx, ClientConfig{Member: "Acme", Address: n.addr, Fingerprint: fingerprint,
			Certificate: d.cert, AllowLoopback: true, Now: time.Now}, func() { close(up) })
	}()
	cut = sync.OnceFunc(func() { stop(); <-ended })
	t.Cleanup(cut)
	select {
	case <-up:
	case err := <-ended:
		t.Fatalf("the reverse connection ended: %v", err)
	}
	return cut
}

// back is a client of the dial-only node, made by the node that it dialled.
func (d *dialOnly) back(t testing.TB, n *node, patience time.Duration) *Client {
	c := NewClient(ClientConfig{Member: "Dora", Fingerprint: fingerprint(d.cert.Leaf), Certificate: n.cert, Now: time.Now,
		Patience: patience, Reverse: n.server})
	t.Cleanup(c.Close)
	return c
}

// Every call reaches a node that has no listener, from the key that it pinned,
// and messages of several chunks arrive whole.
func TestReverse(t *testing.T) {
	n, d := start(t, nil), startDialOnly(t)
	n.svc.know(d.cert, true)
	var from []string
	d.svc.may = func(f, _ string) bool { from = append(from, f); return true }
	d.reach(t, n, fingerprint(n.cert.Leaf))
	d.reach(t, n, fingerprint(n.cert.Leaf))
	c := d.back(t, n, 5*time.Second)
	if a, err := c.Offer(t.Context(), Offer{Protocol: Protocol, Run: runA, PlanHash: hex64, Nonce: hex64}); err != nil || a.PlanHash != hex64 {
		t.Fatalf("offer: %+v, %v", a, err)
	}
	if st, err := c.Status(t.Context(), runA); err != nil || st.State != "STARTED" {
		t.Fatalf("status: %+v, %v", st, err)
	}
	if _, err := c.Answer(t.Context(), runA); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Cosign(t.Context(), runA, Cosign{Receipt: []byte("r")}); err != nil {
		t.Fatal(err)
	}
	done, err := d.mail.Open(runA)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	message := make([]byte, 3*ChunkSize+17)
	rand.Read(message)
	pipe := n.mail.Pipe(runA, c)
	if err := pipe.Send(t.Context(), wire.Step("a/b"), int64(len(message)), bytes.NewReader(message)); err != nil {
		t.Fatal(err)
	}
	r, err := d.mail.Pipe(runA, nil).Recv(t.Context(), wire.Step("a/b"), int64(len(message)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err != nil || sha256.Sum256(got) != sha256.Sum256(message) {
		t.Fatalf("%d bytes came, %v", len(got), err)
	}
	for _, f := range from {
		if f != fingerprint(n.cert.Leaf) {
			t.Errorf("a call came from %q", f)
		}
	}
	if err := c.Cancel(t.Context(), runA); err != nil {
		t.Fatal(err)
	}
}

// A call waits for the connection to come back, and ends in time if it does not.
func TestReverseComesBack(t *testing.T) {
	n, d := start(t, nil), startDialOnly(t)
	n.svc.know(d.cert, true)
	cut := d.reach(t, n, fingerprint(n.cert.Leaf))
	c := d.back(t, n, 10*time.Second)
	if _, err := c.Status(t.Context(), runA); err != nil {
		t.Fatal(err)
	}
	cut()
	answered := make(chan error, 1)
	go func() { _, err := c.Answer(t.Context(), runA); answered <- err }() // a call that may be repeated
	d.reach(t, n, fingerprint(n.cert.Leaf))
	if err := <-answered; err != nil {
		t.Fatal(err)
	}
	_, err := startDialOnly(t).back(t, n, 50*time.Millisecond).Status(t.Context(), runA)
	if want := "node of Dora does not answer: it opens its connections itself, and none is open: it may be off, or its people have not confirmed this node"; err == nil || err.Error() != want {
		t.Fatalf("got  %v\nwant %s", err, want)
	}
}

// R60 for the reverse door: who is let in, and what is told to the others.
func TestReverseRefused(t *testing.T) {
	n, d := start(t, nil), startDialOnly(t)
	try := func(fingerprint string) string {
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Second) // who is let in stays until then
		defer stop()
		err := d.server.ServeReverse(ctx, ClientConfig{Member: "Acme", Address: n.addr, Fingerprint: fingerprint,
			Certificate: d.cert, AllowLoopback: true, Now: time.Now}, func() {})
		return strings.ReplaceAll(err.Error(), n.addr, "ADDR")
	}
	own := fingerprint(n.cert.Leaf)
	want := "node of Acme at ADDR: it does not accept this node's certificate: no agreement in force there names it, and no confirmed partner there has it"
	if got := try(own); got != want {
		t.Errorf("a stranger\ngot  %s\nwant %s", got, want)
	}
	n.svc.know(d.cert, true)
	want = "node of Acme at ADDR: the other node's certificate is not the one in the agreement: expected " + hex64[:16] + "…, got " + own[:16] + "…"
	if got := try(hex64); got != want {
		t.Errorf("another node at the address\ngot  %s\nwant %s", got, want)
	}
	if n := n.server.Reversed(fingerprint(d.cert.Leaf)); n != 0 {
		t.Errorf("%d connections are kept", n)
	}
	// A connection of one protocol does not serve for another.
	dial := func(version uint16, protos ...string) error {
		cfg := clientTLS(d.cert, own, time.Now)
		cfg.NextProtos, cfg.MinVersion, cfg.MaxVersion, cfg.VerifyConnection = protos, version, version, nil
		c, err := tls.Dial("tcp", n.addr, cfg)
		if err == nil {
			defer c.Close()
			c.SetDeadline(time.Now().Add(5 * time.Second))
			if _, err = c.Read(make([]byte, 1)); err == nil {
				return nil
			}
		}
		return err
	}
	for _, protos := range [][]string{{"parley-reverse/2"}, {ReverseProtocol, JoinProtocol}, {JoinProtocol}} {
		if err := dial(tls.VersionTLS13, protos...); !isAlert(err, alertNoProtocol) {
			t.Errorf("%v: %v", protos, err)
		}
	}
	// Go's TLS lets HTTP/1.1 through without a protocol; the door does not.
	if err := dial(tls.VersionTLS13, "http/1.1"); !isAlert(err, alertBadCertificate) {
		t.Errorf("http/1.1: %v", err)
	}
	if err := dial(tls.VersionTLS12, ReverseProtocol); !isAlert(err, alertProtocolVersion) {
		t.Errorf("TLS 1.2: %v", err)
	}
	if err := dial(tls.VersionTLS13, ReverseProtocol); err != nil {
		t.Errorf("the right protocol: %v", err)
	}
}

// Swapped roles: who opens a reverse connection may not make calls on it, and
// the node that it opened it to may not be called by it either.
func TestReverseRoles(t *testing.T) {
	n := start(t, nil)
	cert := fresh(t)
	n.svc.know(cert, true)
	c, err := tls.Dial("tcp", n.addr, clientTLSFor(cert, fingerprint(n.cert.Leaf), ReverseProtocol, time.Now))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	// The preface of a client, and a HEADERS frame of a call.
	if _, err := io.WriteString(c, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"); err != nil {
		t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(5 * time.Second))
	b, err := io.ReadAll(c)
	if err != nil && !errors.Is(err, net.ErrClosed) && !isAlert(err, alertNoProtocol) && !strings.Contains(err.Error(), "reset") {
		t.Errorf("the connection was not closed: %v", err)
	}
	if !bytes.HasPrefix(b, []byte("PRI * HTTP/2.0\r\n")) {
		t.Errorf("it did not speak as a client: %q", b[:min(32, len(b))])
	}
	if len(n.svc.calls) > 0 {
		t.Errorf("calls were answered: %v", n.svc.calls)
	}
}

// R48 for the reverse door; reverse_long_test.go has 10,000.
func TestReverseFlood(t *testing.T) { reverseFlood(t, 300) }

// reverseFlood has a known key open connections and hold them. Four are kept,
// seats of others are not taken, and the node goes on answering others.
func reverseFlood(t *testing.T, connections int) {
	n, d, other := start(t, nil), startDialOnly(t), fresh(t)
	n.svc.know(d.cert, true)
	n.svc.know(other, true)
	key, cfg := fingerprint(d.cert.Leaf), clientTLSFor(d.cert, fingerprint(n.cert.Leaf), ReverseProtocol, time.Now)
	var open []net.Conn
	defer func() {
		for _, c := range open {
			c.Close()
		}
	}()
	most := 0
	for i := range connections {
		c, err := tls.Dial("tcp", n.addr, cfg)
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		if open = append(open, c); len(open) > 500 { // this side's own limit of open files
			open[0].Close()
			open = open[1:]
		}
		most = max(most, n.server.Reversed(key))
	}
	if most == 0 || most > 4 {
		t.Errorf("%d connections were kept", most)
	}
	if _, err := n.client(t, other).Status(t.Context(), runA); err != nil {
		t.Error(err)
	}
	// The newest connection of the key is the one that is used.
	d.reach(t, n, fingerprint(n.cert.Leaf))
}
