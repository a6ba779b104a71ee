package cleanroom_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/agreements"
	"parley/cleanroom/cleanroomtest"
	"parley/crypto/keys"
)

// tap stands between nodes and sees everything that leaves them, in plain
// text. The agreement names the tap's addresses and TLS keys in place of the
// members' own, so the nodes run unchanged and every byte still crosses real
// mutual TLS, twice:
//
//	asker ──TLS, own key──▶ tap ──TLS, the asker's key in the agreement──▶ owner
type tap struct {
	t       testing.TB
	members map[string]*tapped // by the fingerprint of the node's real key

	mu    sync.Mutex
	calls []*call
	// hook may change a call on its way (phase "request" or "answer"), or cut
	// it by returning false.
	hook func(phase string, c *call) bool
}

type tapped struct {
	name string
	cert tls.Certificate
	http *http.Client // calls other nodes as this member
}

// call is one request and its answer.
type call struct {
	from, to    string
	method, url string
	header      http.Header
	body        []byte
	status      int
	answerHead  http.Header
	answer      []byte
}

// step is a message's name, or the method and the kind of a call.
func (c *call) step() string {
	if _, query, ok := strings.Cut(c.url, "?"); ok {
		return c.method + " " + query
	}
	parts := strings.Split(c.url, "/")
	if len(parts) > 4 && parts[3] != "runs" {
		return c.method + " " + strings.Join(parts[3:], "/")
	}
	if len(parts) > 5 {
		return c.method + " " + strings.Join(parts[5:], "/")
	}
	return c.method + " run"
}

// newTap puts a tap before every member and writes it into their cards.
func newTap(t testing.TB, members ...*cleanroomtest.Member) *tap {
	t.Helper()
	p := &tap{t: t, members: map[string]*tapped{}}
	for _, m := range members {
		real := m.Node.Card()
		cert := newCertificate(t)
		p.members[real.TLSFingerprint] = &tapped{name: m.Org(), cert: cert, http: &http.Client{Transport: &http.Transport{
			TLSClientConfig:   &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2"}},
			ForceAttemptHTTP2: true, DisableCompression: true}}}
		m.Card.Address = p.listen(m.Org(), real.Address, cert)
		m.Card.TLSFingerprint = keys.Fingerprint(cert.Leaf)
	}
	t.Cleanup(func() {
		for _, m := range p.members {
			m.http.CloseIdleConnections()
		}
	})
	return p
}

func (p *tap) listen(name, real string, cert tls.Certificate) string {
	l := listen(p.t)
	s := &http.Server{TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAnyClientCert,
		NextProtos: []string{"h2"}}, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.relay(w, r, name, real) })}
	done := make(chan struct{})
	go func() { defer close(done); s.ServeTLS(l, "", "") }()
	p.t.Cleanup(func() { s.Close(); <-done })
	return l.Addr().String()
}

func (p *tap) relay(w http.ResponseWriter, r *http.Request, name, real string) {
	from := p.members[keys.Fingerprint(r.TLS.PeerCertificates[0])]
	body, err := io.ReadAll(r.Body)
	if from == nil || err != nil {
		panic(http.ErrAbortHandler)
	}
	c := &call{from: from.name, to: name, method: r.Method, url: r.URL.String(), header: r.Header.Clone(), body: body}
	if !p.pass("request", c) {
		panic(http.ErrAbortHandler)
	}
	if c.status == 0 { // the hook may have answered itself
		if err := p.send(r.Context(), from, real, c); err != nil {
			panic(http.ErrAbortHandler)
		}
	}
	p.mu.Lock()
	p.calls = append(p.calls, c)
	p.mu.Unlock()
	if !p.pass("answer", c) {
		panic(http.ErrAbortHandler)
	}
	for k, v := range c.answerHead {
		if k != "Content-Length" {
			w.Header()[k] = v
		}
	}
	w.WriteHeader(c.status)
	w.Write(c.answer)
}

// send makes a call at a node's real address, as the member from.
func (p *tap) send(ctx context.Context, from *tapped, real string, c *call) error {
	req, err := http.NewRequestWithContext(ctx, c.method, "https://"+real+c.url, bytes.NewReader(c.body))
	if err != nil {
		return err
	}
	req.Header = c.header.Clone()
	resp, err := from.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	c.status, c.answerHead = resp.StatusCode, resp.Header
	c.answer, err = io.ReadAll(resp.Body)
	return err
}

// as makes a call at a node as one of the members, and returns its status and
// body: a partner that does not keep to the protocol.
func (p *tap) as(who, to *cleanroomtest.Member, method, url string, body []byte, header http.Header) (int, string) {
	p.t.Helper()
	c := &call{method: method, url: url, body: body, header: header}
	from := p.members[who.Node.Card().TLSFingerprint]
	if err := p.send(p.t.Context(), from, to.Node.Card().Address, c); err != nil {
		p.t.Fatalf("%s %s as %s: %v", method, url, who.Org(), err)
	}
	return c.status, string(c.answer)
}

func (p *tap) pass(phase string, c *call) bool {
	p.mu.Lock()
	hook := p.hook
	p.mu.Unlock()
	return hook == nil || hook(phase, c)
}

func (p *tap) set(hook func(phase string, c *call) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hook = hook
}

// take returns the calls so far, without status polls, and forgets them. The
// polls come by the clock, whatever the run does.
func (p *tap) take() []*call {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := slices.DeleteFunc(p.calls, func(c *call) bool { return c.method == http.MethodGet && len(c.url) == len("/peer/v1/runs/")+32 })
	p.calls = nil
	return out
}

// agree is cleanroomtest.Agree for members whose cards name a tap: their nodes
// would not sign for keys that are not theirs, so the test does.
func (p *tap) agree(k int, members ...*cleanroomtest.Member) string {
	p.t.Helper()
	e := cleanroomtest.Draft(p.t, k, members...)
	signAll(p.t, e, members...)
	return cleanroomtest.Give(p.t, e, members...)
}

// signAll signs with the members' identity keys, past their nodes' checks.
func signAll(t testing.TB, e *agreements.Envelope, members ...*cleanroomtest.Member) {
	t.Helper()
	for _, m := range members {
		if err := e.Sign(m.Org(), signer{t.Context(), keyring(t, m.Home)}); err != nil {
			t.Fatalf("sign as %s: %v", m.Org(), err)
		}
	}
}

type signer struct {
	ctx  context.Context
	ring *keys.File
}

func (s signer) Public() ed25519.PublicKey           { return s.ring.Identity() }
func (s signer) Sign(message []byte) ([]byte, error) { return s.ring.Sign(s.ctx, message) }

// newCertificate makes a self-signed certificate as nodes have them.
func newCertificate(t testing.TB) tls.Certificate {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private, Leaf: leaf}
}
