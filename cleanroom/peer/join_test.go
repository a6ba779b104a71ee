package peer

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/agreements"
)

// inn is a Host that admits whoever says "please".
type inn struct {
	mu     sync.Mutex
	open   bool
	joined []string // fingerprints
}

func (i *inn) Inviting() bool { i.mu.Lock(); defer i.mu.Unlock(); return i.open }

func (i *inn) Welcome(_ context.Context, s JoinScene, h *JoinHello) (*JoinWelcome, error) {
	if string(h.Proof) != "please" {
		return nil, &NotAdmitted{Why: "it did not say please"}
	}
	return &JoinWelcome{Card: &agreements.Member{Name: "Inn"}, Proof: s.Binding[:]}, nil
}

func (i *inn) Admit(_ context.Context, s JoinScene, _ *JoinHello, d *JoinDone) error {
	if !bytes.Equal(d.Proof, s.Binding[:]) {
		return &NotAdmitted{Why: "another connection"}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.joined = append(i.joined, s.Fingerprint)
	return nil
}

// polite is a Guest.
type polite struct{ say string }

func (p polite) Hello(JoinScene) (*JoinHello, error) {
	return &JoinHello{Protocol: JoinProtocol, Invitation: runA, Proof: []byte(p.say)}, nil
}

func (p polite) Done(s JoinScene, _ *JoinHello, w *JoinWelcome) (*JoinDone, error) {
	if !bytes.Equal(w.Proof, s.Binding[:]) {
		return nil, errors.New("the two ends of one connection have different exporters")
	}
	return &JoinDone{Proof: w.Proof}, nil
}

func startInn(t *testing.T) (*node, *inn) {
	i := &inn{open: true}
	n := start(t, func(s *Server) { s.cfg.Host = i; s.tls = doorTLS(s.cfg) })
	return n, i
}

func (n *node) joinConfig(cert tls.Certificate) ClientConfig {
	return ClientConfig{Member: "Inn", Address: n.addr, Fingerprint: fingerprint(n.cert.Leaf), Certificate: cert, AllowLoopback: true, Now: time.Now}
}

// A stranger joins while an invitation is open; before and after, joining is
// not spoken. Joining lets nobody make calls.
func TestJoin(t *testing.T) {
	n, host := startInn(t)
	cert := fresh(t)
	if err := Join(t.Context(), n.joinConfig(cert), polite{"please"}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(host.joined, []string{fingerprint(cert.Leaf)}) {
		t.Fatalf("joined: %v", host.joined)
	}
	if err := Join(t.Context(), n.joinConfig(cert), polite{"now"}); err != ErrJoinRefused {
		t.Errorf("a wrong proof: %v", err)
	}
	if log := n.log.String(); !strings.Contains(log, "it did not say please") {
		t.Errorf("the log: %s", log)
	}
	if _, err := n.client(t, cert).Status(t.Context(), runA); err == nil || !strings.Contains(err.Error(), ErrNotKnown.Error()) {
		t.Errorf("a call of a stranger that joined: %v", err)
	}
	host.mu.Lock()
	host.open = false
	host.mu.Unlock()
	if err := Join(t.Context(), n.joinConfig(cert), polite{"please"}); err != ErrJoinRefused {
		t.Errorf("while none is open: %v", err)
	}
	cfg := clientTLSFor(cert, fingerprint(n.cert.Leaf), JoinProtocol, time.Now)
	if _, err := tls.Dial("tcp", n.addr, cfg); !isAlert(err, alertNoProtocol) {
		t.Errorf("joining is spoken while no invitation is open: %v", err)
	}
}

// R60 and R48 for the join door: hostile bytes of strangers end in one refusal
// or a closed connection, in bounded time and memory, and the node stays up.
func TestJoinHostile(t *testing.T) {
	n, host := startInn(t)
	frame := func(size uint32, body string) string {
		return string(binary.BigEndian.AppendUint32(nil, size)) + body
	}
	hello, _ := json.Marshal(JoinHello{Protocol: JoinProtocol, Invitation: runA, Proof: []byte("please")})
	good := frame(uint32(len(hello)), string(hello))
	twice := strings.Replace(string(hello), `"proof"`, `"proof":"cGxlYXNl","PROOF"`, 1)
	for what, b := range map[string]string{
		"nothing": "", "a huge length": frame(1<<31, "x"), "above the limit": frame(maxJoin+1, strings.Repeat(" ", maxJoin+1)),
		"no length": "\x00\x00", "length 0": frame(0, ""), "not JSON": frame(4, "abcd"), "an array": frame(2, "[]"),
		"a repeated field":       frame(uint32(len(twice)), twice),
		"an unknown field":       frame(9, `{"a":"b"}`),
		"bytes after the object": frame(uint32(len(hello)+2), string(hello)+"{}"),
		"HTTP":                   "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"hello and no more":      good,
		"hello and rubbish":      good + frame(4, "abcd"),
		"another's done":         good + frame(14, `{"proof":"AA"}`) + strings.Repeat("x", 100),
	} {
		c, err := tls.Dial("tcp", n.addr, clientTLSFor(fresh(t), fingerprint(n.cert.Leaf), JoinProtocol, time.Now))
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		io.WriteString(c, b)
		c.CloseWrite()
		c.SetDeadline(time.Now().Add(5 * time.Second))
		got, err := io.ReadAll(c)
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			t.Errorf("%s: the connection stays open", what)
		}
		if bytes.Contains(got, []byte(`"joined":true`)) || len(got) > maxJoin {
			t.Errorf("%s: %q", what, got)
		}
		c.Close()
	}
	if len(host.joined) > 0 {
		t.Errorf("joined: %v", host.joined)
	}
	old := clientTLSFor(fresh(t), fingerprint(n.cert.Leaf), JoinProtocol, time.Now)
	old.MinVersion, old.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	if _, err := tls.Dial("tcp", n.addr, old); !isAlert(err, alertProtocolVersion) {
		t.Errorf("TLS 1.2: %v", err)
	}
	bare := clientTLSFor(fresh(t), fingerprint(n.cert.Leaf), JoinProtocol, time.Now)
	bare.GetClientCertificate = nil
	c, err := tls.Dial("tcp", n.addr, bare)
	if err == nil {
		_, err = c.Read(make([]byte, 1))
		c.Close()
	}
	if !isAlert(err, alertNoCertificate) {
		t.Errorf("no certificate: %v", err)
	}
	if err := Join(t.Context(), n.joinConfig(fresh(t)), polite{"please"}); err != nil {
		t.Errorf("an honest joiner afterwards: %v", err)
	}
}

// A host is a stranger to the joiner too.
func TestJoinHostileHost(t *testing.T) {
	cert := fresh(t)
	for what, c := range map[string]struct{ says, want string }{
		"nothing":        {"", "node of Inn at ADDR does not answer: the connection was cut"},
		"a huge length":  {"\x7f\xff\xff\xff", "node at ADDR sent an answer this version does not understand"},
		"not JSON":       {"\x00\x00\x00\x04abcd", "node at ADDR sent an answer this version does not understand"},
		"refused":        {"\x00\x00\x00\x10" + `{"refused":true}`, ErrJoinRefused.Error()},
		"no card":        {"\x00\x00\x00\x02{}", ErrJoinRefused.Error()},
		"a bad exporter": {"\x00\x00\x00\x1b" + `{"card":{},"proof":"AAAA" }`, "the two ends of one connection have different exporters"},
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			plain, err := l.Accept()
			if err != nil {
				return
			}
			s := tls.Server(plain, serverTLSFor(cert, JoinProtocol, func(string) bool { return true }, time.Now))
			defer s.Close()
			if s.Handshake() == nil {
				readMessage(s, &JoinHello{})
				io.WriteString(s, c.says)
			}
		}()
		err = Join(t.Context(), ClientConfig{Member: "Inn", Address: l.Addr().String(), Fingerprint: fingerprint(cert.Leaf), Certificate: fresh(t),
			AllowLoopback: true, Now: time.Now}, polite{"please"})
		l.Close()
		<-ended
		if err == nil || strings.ReplaceAll(err.Error(), l.Addr().String(), "ADDR") != c.want {
			t.Errorf("%s\ngot  %v\nwant %s", what, err, c.want)
		}
	}
}

// FuzzJoinMessages: a message that is read is one object of its kind, and the
// bytes read never exceed the limit.
func FuzzJoinMessages(f *testing.F) {
	for _, m := range []any{JoinHello{Protocol: JoinProtocol, Invitation: runA, Proof: []byte("p")}, JoinWelcome{Refused: true},
		JoinWelcome{Card: &agreements.Member{Name: "Inn"}, Proof: []byte("p"), Signature: []byte("s")}, JoinDone{Proof: []byte("p")}, JoinEnd{Joined: true}} {
		var b bytes.Buffer
		if err := writeMessage(&b, m); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, v := range []any{&JoinHello{}, &JoinWelcome{}, &JoinDone{}, &JoinEnd{}} {
			r := bytes.NewReader(b)
			err := readMessage(r, v)
			if read := len(b) - r.Len(); read > maxJoin+4 {
				t.Fatalf("%d bytes were read", read)
			}
			if err != nil {
				continue
			}
			var again bytes.Buffer
			if err := writeMessage(&again, v); err != nil && err != errMessage {
				t.Fatal(err)
			}
		}
	})
}
