package peer

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	runA  = "000102030405060708090a0b0c0d0e0f"
	runB  = "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"
	hex64 = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
)

// certificate makes a self-signed certificate with a fresh key.
func certificate(t testing.TB, from, to time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "node"}, NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func fresh(t testing.TB) tls.Certificate {
	return certificate(t, time.Now().Add(-24*time.Hour), time.Now().Add(time.Hour))
}

// stub is a Service that knows a set of keys and lets them do everything
// unless a function says otherwise.
type stub struct {
	Negotiator // calls about agreements have tests of their own
	mu         sync.Mutex
	keys       map[string]bool
	calls      []string
	offer      func(ctx context.Context, o Offer) (*Accept, error)
	answer     func(ctx context.Context) (*Answer, error)
	heads      func(Heads) (*HeadsAnswer, error)
	cosign     func(ctx context.Context) (*Cosigned, error)
	status     func(run string) (*Status, error)
	may        func(from, run string) bool
}

func (s *stub) know(c tls.Certificate, yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys == nil {
		s.keys = map[string]bool{}
	}
	s.keys[fingerprint(c.Leaf)] = yes
}

func (s *stub) Known(f string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys[f]
}

func (s *stub) note(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, what)
}

func (s *stub) Offer(ctx context.Context, _ string, o Offer) (*Accept, error) {
	s.note("offer")
	if s.offer != nil {
		return s.offer(ctx, o)
	}
	return &Accept{PlanHash: o.PlanHash, Nonce: hex64}, nil
}

func (s *stub) Status(_ context.Context, _, run string) (*Status, error) {
	s.note("status " + run)
	if s.status != nil {
		return s.status(run)
	}
	return &Status{State: "STARTED"}, nil
}

func (s *stub) Cancel(_ context.Context, _, run string) error {
	s.note("cancel " + run)
	return nil
}

func (s *stub) Answer(ctx context.Context, _, _ string) (*Answer, error) {
	if s.answer != nil {
		return s.answer(ctx)
	}
	return &Answer{Result: []byte("{}"), Salt: hex64}, nil
}

func (s *stub) Cosign(ctx context.Context, _, _ string, c Cosign) (*Cosigned, error) {
	if s.cosign != nil {
		return s.cosign(ctx)
	}
	return &Cosigned{Receipt: append(c.Receipt, '+')}, nil
}

func (s *stub) Contracts(context.Context, string) (*Contracts, error) {
	s.note("contracts")
	return &Contracts{}, nil
}

func (s *stub) Heads(_ context.Context, _ string, h Heads) (*HeadsAnswer, error) {
	s.note("heads")
	if s.heads != nil {
		return s.heads(h)
	}
	return &HeadsAnswer{Yours: h.Checkpoint, Checkpoint: []byte("theirs"), Ticket: "0123456789abcdef0123456789abcdef"}, nil
}

func (s *stub) Countersigned(context.Context, string, Countersigned) error {
	s.note("countersigned")
	return nil
}

func (s *stub) MayPost(from, run string) bool {
	if s.may != nil {
		return s.may(from, run)
	}
	return true
}

// node is one side of a loopback pair.
type node struct {
	cert   tls.Certificate
	svc    *stub
	mail   *Mail
	dir    string
	server *Server
	addr   string
	log    *lockedBuffer
}

// lockedBuffer collects log lines of several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

type option func(*node)

func withCert(c tls.Certificate) option { return func(n *node) { n.cert = c } }

// start runs a node's door on a loopback port until the test ends.
func start(t testing.TB, tune func(*Server), opts ...option) *node {
	t.Helper()
	n := &node{cert: fresh(t), svc: &stub{}, dir: t.TempDir(), log: &lockedBuffer{}}
	for _, o := range opts {
		o(n)
	}
	mail, err := NewMail(n.dir, 64<<20)
	if err != nil {
		t.Fatal(err)
	}
	n.mail = mail
	log := slog.New(slog.NewTextHandler(n.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	n.server = NewServer(ServerConfig{Certificate: n.cert, Service: n.svc, Mail: mail, Log: log, Now: time.Now})
	if tune != nil {
		tune(n.server)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n.addr = l.Addr().String()
	ended := make(chan error, 1)
	go func() { ended <- n.server.Serve(l) }()
	t.Cleanup(func() {
		ctx, stop := context.WithTimeout(context.Background(), time.Second)
		defer stop()
		if err := n.server.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
		if err := mail.Close(); err != nil {
			t.Errorf("close mail: %v", err)
		}
	})
	return n
}

// client returns a client of n that acts with cert.
func (n *node) client(t testing.TB, cert tls.Certificate) *Client {
	t.Helper()
	c := NewClient(ClientConfig{Member: "Acme", Address: n.addr, Fingerprint: fingerprint(n.cert.Leaf),
		Certificate: cert, AllowLoopback: true, Now: time.Now, Patience: 200 * time.Millisecond})
	t.Cleanup(c.Close)
	return c
}

// known starts a node and a caller that it knows.
func known(t testing.TB, tune func(*Server)) (*node, tls.Certificate, *Client) {
	t.Helper()
	n := start(t, tune)
	cert := fresh(t)
	n.svc.know(cert, true)
	return n, cert, n.client(t, cert)
}

// raw is an HTTP client below the Client, for requests it would never send.
func (n *node) raw(t testing.TB, cert tls.Certificate) *http.Client {
	tr := &http.Transport{TLSClientConfig: clientTLS(cert, fingerprint(n.cert.Leaf), time.Now),
		ForceAttemptHTTP2: true, DisableCompression: true}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// do sends a raw request and returns its status and body.
func (n *node) do(t testing.TB, hc *http.Client, method, path string, header http.Header, body io.Reader) (int, string) {
	t.Helper()
	req, err := http.NewRequest(method, "https://"+n.addr+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		req.Header[k] = v
	}
	resp, err := hc.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// open opens a mailbox until the test ends.
func (n *node) open(t testing.TB, run string) func() {
	t.Helper()
	done, err := n.mail.Open(run)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(done)
	return done
}
