package keys

import (
	"bytes"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"net"
	"testing"
	"time"
)

var errPin = errors.New("pinned to another key")

// pinned is the least configuration that pins both ends of a connection.
func pinned(t *testing.T, own *File, peer string) *tls.Config {
	t.Helper()
	cert, err := own.TLSCertificate()
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{cert},
		ClientAuth: tls.RequireAnyClientCert, InsecureSkipVerify: true, // the pin replaces the names
		VerifyConnection: func(s tls.ConnectionState) error {
			if Fingerprint(s.PeerCertificates[0]) != peer {
				return errPin
			}
			return nil
		},
	}
}

func handshake(t *testing.T, server, client *tls.Config) (atServer, atClient error) {
	t.Helper()
	a, b := connection(t)
	done := make(chan error, 1)
	go func() {
		s := tls.Server(a, server)
		err := s.Handshake()
		if err == nil {
			_, err = s.Write([]byte{1})
		}
		done <- errors.Join(err, a.Close())
	}()
	c := tls.Client(b, client)
	atClient = c.Handshake()
	if atClient == nil {
		// In TLS 1.3 a client learns only on reading that it was refused.
		_, atClient = c.Read(make([]byte, 1))
	}
	b.Close()
	return <-done, atClient
}

// connection is two ends of a buffered connection; net.Pipe has no buffer and
// would deadlock when both ends speak at once, as TLS does on a refusal.
func connection(t *testing.T) (a, b net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if b, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if a, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return a, b
}

func TestPinnedHandshake(t *testing.T) {
	_, server := create(t)
	_, client := create(t)
	_, stranger := create(t)
	of := func(f *File) string {
		p, err := PublicOf(f)
		if err != nil {
			t.Fatal(err)
		}
		return p.TLSFingerprint
	}
	if s, c := handshake(t, pinned(t, server, of(client)), pinned(t, client, of(server))); s != nil || c != nil {
		t.Errorf("the pinned handshake fails: server %v, client %v", s, c)
	}
	if s, _ := handshake(t, pinned(t, server, of(client)), pinned(t, stranger, of(server))); !errors.Is(s, errPin) {
		t.Errorf("a stranger connects: %v", s)
	}
	if _, c := handshake(t, pinned(t, stranger, of(client)), pinned(t, client, of(server))); !errors.Is(c, errPin) {
		t.Errorf("a stranger serves: %v", c)
	}
}

func TestCertificate(t *testing.T) {
	_, f := create(t)
	c, err := f.TLSCertificate()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Leaf.CheckSignature(x509.PureEd25519, c.Leaf.RawTBSCertificate, c.Leaf.Signature); err != nil {
		t.Errorf("it is not self-signed: %v", err)
	}
	if !c.Leaf.NotBefore.Equal(testNow.Add(-24*time.Hour).Truncate(time.Second)) || c.Leaf.NotAfter.Year() != 9999 {
		t.Errorf("valid from %v to %v", c.Leaf.NotBefore, c.Leaf.NotAfter)
	}
	if bytes.Contains(c.Leaf.Raw, []byte("agency")) {
		t.Error("the certificate tells the organisation's name")
	}
}

// The key of RFC 8410, section 10.1, whose SubjectPublicKeyInfo is printed
// there; and a certificate's fingerprint is its key's.
func TestFingerprint(t *testing.T) {
	public, _ := hex.DecodeString("19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1")
	spki, err := x509.MarshalPKIXPublicKey(ed25519.PublicKey(public))
	if err != nil {
		t.Fatal(err)
	}
	if got := append([]byte(spkiPrefix), public...); !bytes.Equal(got, spki) ||
		hex.EncodeToString(got) != "302a300506032b657003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1" {
		t.Errorf("SubjectPublicKeyInfo %x", got)
	}
	_, f := create(t)
	c, err := f.TLSCertificate()
	if err != nil {
		t.Fatal(err)
	}
	if got := FingerprintOfKey(ed25519.PublicKey(c.Leaf.RawSubjectPublicKeyInfo[12:])); got != Fingerprint(c.Leaf) || len(got) != 64 {
		t.Errorf("fingerprints differ: %s", got)
	}
}
