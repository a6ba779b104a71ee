package peer

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Both ends really speak HTTP/2 over TLS 1.3.
func TestSpeaksHTTP2(t *testing.T) {
	n, cert, _ := known(t, nil)
	resp, err := n.raw(t, cert).Get("https://" + n.addr + "/peer/v1/runs/" + runA)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.ProtoMajor != 2 || resp.TLS.Version != tls.VersionTLS13 || resp.StatusCode != http.StatusOK {
		t.Errorf("%s over %s, status %d", resp.Proto, tls.VersionName(resp.TLS.Version), resp.StatusCode)
	}
}

func status(c *Client) error {
	_, err := c.Status(context.Background(), runA)
	return err
}

// check compares an error's whole text, in which the address stands for n's.
func (n *node) check(t *testing.T, what string, err error, want string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", what)
		return
	}
	if got := strings.ReplaceAll(err.Error(), n.addr, "ADDR"); got != want {
		t.Errorf("%s:\ngot  %s\nwant %s", what, got, want)
	}
}

func TestWrongCertificates(t *testing.T) {
	n, cert, _ := known(t, nil)
	now := time.Now()

	other := fresh(t)
	c := n.client(t, cert)
	c = NewClient(withFingerprint(c.cfg, fingerprint(other.Leaf)))
	t.Cleanup(c.Close)
	err := status(c)
	n.check(t, "server with another key", err, "node of Acme at ADDR: the other node's certificate is not the one in the agreement: expected "+
		fingerprint(other.Leaf)[:16]+"…, got "+fingerprint(n.cert.Leaf)[:16]+"…")
	if !errors.Is(err, ErrWrongCertificate) {
		t.Error("errors.Is does not find ErrWrongCertificate")
	}

	err = status(n.client(t, other))
	n.check(t, "caller with an unknown key", err,
		"node of Acme at ADDR: it does not accept this node's certificate: no agreement in force there names it, and no confirmed partner there has it")
	if !errors.Is(err, ErrNotKnown) {
		t.Error("errors.Is does not find ErrNotKnown")
	}

	expired := certificate(t, now.Add(-2*time.Hour), now.Add(-time.Hour))
	n.svc.know(expired, true)
	n.check(t, "own certificate expired", status(n.client(t, expired)), "this node's own certificate is outside its validity")

	slow := n.client(t, expired) // whose clock is behind
	slow.cfg.Now = func() time.Time { return now.Add(-90 * time.Minute) }
	n.check(t, "caller whose certificate expired here", status(slow),
		"node of Acme at ADDR: it does not accept this node's certificate: no agreement in force there names it, and no confirmed partner there has it")

	stale := start(t, nil, withCert(expired))
	stale.svc.know(cert, true)
	stale.check(t, "server whose certificate expired", status(stale.client(t, cert)),
		"node of Acme at ADDR: the other node's certificate is outside its validity")

	future := start(t, nil, withCert(certificate(t, now.Add(time.Hour), now.Add(2*time.Hour))))
	future.check(t, "server whose certificate is not valid yet", status(future.client(t, cert)),
		"node of Acme at ADDR: the other node's certificate is outside its validity")

	chain := fresh(t)
	chain.Certificate = append(chain.Certificate, other.Certificate[0])
	long := start(t, nil, withCert(chain))
	long.check(t, "server with a chain", status(long.client(t, cert)),
		"node of Acme at ADDR: the other node did not send exactly one self-signed certificate")
	n.svc.know(chain, true)
	n.check(t, "caller with a chain", status(n.client(t, chain)),
		"node of Acme at ADDR: it does not accept this node's certificate: no agreement in force there names it, and no confirmed partner there has it")

	if len(n.svc.calls) > 0 {
		t.Errorf("the Service was reached: %v", n.svc.calls)
	}
}

func withFingerprint(cfg ClientConfig, f string) ClientConfig {
	cfg.Fingerprint = f
	return cfg
}

// Handshakes that no Client of ours would make.
func TestRefusedHandshakes(t *testing.T) {
	n, cert, _ := known(t, nil)
	for _, test := range []struct {
		want   string
		change func(*tls.Config)
	}{
		{"tls: protocol version not supported", func(c *tls.Config) { c.MaxVersion, c.MinVersion = tls.VersionTLS12, tls.VersionTLS12 }},
		{"tls: certificate required", func(c *tls.Config) { c.Certificates = nil }},
		{"tls: no application protocol", func(c *tls.Config) { c.NextProtos = []string{"smtp"} }},
		{"tls: bad certificate", func(c *tls.Config) { c.NextProtos = []string{"http/1.1"} }}, // Go lets it pass as no protocol
		{"tls: bad certificate", func(c *tls.Config) { c.NextProtos = nil }},                  // would be served as HTTP/1.1
	} {
		cfg := &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2"}}
		test.change(cfg)
		conn, err := tls.Dial("tcp", n.addr, cfg)
		if err == nil {
			conn.SetDeadline(time.Now().Add(2 * time.Second))
			_, err = conn.Read(make([]byte, 1)) // TLS 1.3 tells the client after its own part is done
			conn.Close()
		}
		if err == nil || !strings.HasSuffix(err.Error(), test.want) {
			t.Errorf("got %v, want …%s", err, test.want)
		}
	}
}

// The other end of the address speaks something else.
func TestWrongServers(t *testing.T) {
	cert := fresh(t)
	for want, cfg := range map[string]*tls.Config{
		"node of Acme at ADDR: it does not speak TLS 1.3":              {MaxVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}},
		"node of Acme at ADDR: the other end does not speak HTTP/2":    {Certificates: []tls.Certificate{cert}},
		"node of Acme at ADDR: it does not speak TLS":                  nil,
		"node of Acme at ADDR does not answer: the connection was cut": {},
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				switch {
				case cfg == nil:
					conn.Write([]byte("220 mail.example ESMTP\r\n"))
				case cfg.Certificates != nil:
					c := tls.Server(conn, cfg)
					c.Handshake()
					c.CloseWrite()
				}
				conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
				conn.Read(make([]byte, 4096))
				conn.Close()
			}
		}()
		n := &node{cert: cert, addr: l.Addr().String()}
		n.check(t, want, status(n.client(t, cert)), want)
		l.Close()
		<-ended
	}
}

// A new agreement names a new key: the old one is refused in the next
// handshake, and the client of the new agreement pins the new one.
func TestCertificateIsRotated(t *testing.T) {
	n, before, old := known(t, nil)
	if err := status(old); err != nil {
		t.Fatal(err)
	}
	after := fresh(t)
	n.svc.know(before, false)
	n.svc.know(after, true)
	old.Close()
	if err := status(old); !errors.Is(err, ErrNotKnown) {
		t.Errorf("old key: %v", err)
	}
	if err := status(n.client(t, after)); err != nil {
		t.Errorf("new key: %v", err)
	}
}
