package peer

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"time"

	"parley/internal/weak"
)

// Errors of the TLS handshake.
var (
	// ErrWrongCertificate is returned when the other end of a connection does
	// not hold the certificate that the agreement names.
	ErrWrongCertificate = errors.New("the other node's certificate is not the one in the agreement")
	// ErrNotKnown is returned when the other node refuses our certificate.
	ErrNotKnown = errors.New("it does not accept this node's certificate: no agreement in force there names it, and no confirmed partner there has it")

	errValidity    = errors.New("the other node's certificate is outside its validity")
	errChain       = errors.New("the other node did not send exactly one self-signed certificate")
	errNotHTTP2    = errors.New("the other end does not speak HTTP/2")
	errOwnValidity = errors.New("this node's own certificate is outside its validity")
	errTLSVersion  = errors.New("it does not speak TLS 1.3")
	errNotTLS      = errors.New("it does not speak TLS")
)

// alpn is what calls are made in; JoinProtocol and ReverseProtocol are the only
// others there are. A connection that negotiated nothing would be served as
// HTTP/1.1, whose parser and limits are others.
const alpn = "h2"

// fingerprint is the lower-case hex SHA-256 of the SubjectPublicKeyInfo.
func fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	return hex.EncodeToString(sum[:])
}

// serverTLS accepts any caller whose key known vouches for. There is no
// certificate authority: a key is known because a signed agreement names it, or
// because people confirmed it.
func serverTLS(cert tls.Certificate, known func(fingerprint string) bool, now func() time.Time) *tls.Config {
	return serverTLSFor(cert, alpn, known, now)
}

// serverTLSFor is serverTLS for one protocol.
func serverTLSFor(cert tls.Certificate, protocol string, known func(fingerprint string) bool, now func() time.Time) *tls.Config {
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{cert},
		NextProtos:   []string{protocol},
		ClientAuth:   tls.RequireAnyClientCert,
		VerifyConnection: func(s tls.ConnectionState) error {
			leaf, err := checkLeaf(s, protocol, now())
			if err != nil {
				return err
			}
			if !known(fingerprint(leaf)) && !weak.Off("R60") {
				return ErrWrongCertificate
			}
			return nil
		},
		// A resumed session would skip none of the above, but tickets also
		// outlive an agreement; without them every connection is judged anew.
		SessionTicketsDisabled: true,
	}
}

// doorTLS is the peer door's configuration for every protocol spoken there. A
// caller names exactly one. Joining is known while there is an invitation to
// use, and then to anyone's key: the proof of the invitation follows.
func doorTLS(cfg ServerConfig) *tls.Config {
	calls := serverTLS(cfg.Certificate, cfg.Service.Known, cfg.Now)
	reverse := serverTLSFor(cfg.Certificate, ReverseProtocol, cfg.Service.Known, cfg.Now)
	join := serverTLSFor(cfg.Certificate, JoinProtocol, func(string) bool { return true }, cfg.Now)
	door := calls.Clone()
	door.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		if len(h.SupportedProtos) == 1 {
			switch h.SupportedProtos[0] {
			case ReverseProtocol:
				return reverse, nil
			case JoinProtocol:
				if cfg.Host != nil && (cfg.Host.Inviting() || weak.Off("R60-join")) {
					return join, nil
				}
			}
		}
		return calls, nil
	}
	return door
}

// clientTLS talks to exactly one certificate.
func clientTLS(cert tls.Certificate, want string, now func() time.Time) *tls.Config {
	return clientTLSFor(cert, want, alpn, now)
}

// clientTLSFor is clientTLS for one protocol.
func clientTLSFor(cert tls.Certificate, want, protocol string, now func() time.Time) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		// Offered whatever the server says it wants, so that its refusal is
		// about this certificate and not about a missing one.
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &cert, nil },
		NextProtos:           []string{protocol},
		// The name and chain say nothing here; the key's fingerprint, checked
		// below on every handshake, is what the agreement pins.
		InsecureSkipVerify: true,
		VerifyConnection: func(s tls.ConnectionState) error {
			leaf, err := checkLeaf(s, protocol, now())
			if err != nil {
				return err
			}
			if got := fingerprint(leaf); got != want && !weak.Off("R60") {
				return fmt.Errorf("%w: expected %s…, got %s…", ErrWrongCertificate, want[:min(16, len(want))], got[:16])
			}
			return nil
		},
	}
}

func checkLeaf(s tls.ConnectionState, protocol string, now time.Time) (*x509.Certificate, error) {
	if s.NegotiatedProtocol != protocol {
		return nil, errNotHTTP2
	}
	if len(s.PeerCertificates) != 1 {
		return nil, errChain
	}
	leaf := s.PeerCertificates[0]
	if !valid(leaf, now) {
		return nil, errValidity
	}
	return leaf, nil
}

func valid(c *x509.Certificate, now time.Time) bool {
	return !now.Before(c.NotBefore) && !now.After(c.NotAfter)
}

// Alerts of RFC 8446, section 6, that mean something to a person.
const (
	alertBadCertificate  tls.AlertError = 42
	alertProtocolVersion tls.AlertError = 70
	alertNoCertificate   tls.AlertError = 116
	alertNoProtocol      tls.AlertError = 120
)

// handshakeReason gives a refused handshake as one of our own sentences, or
// nil when err is something else.
func handshakeReason(err error) error {
	for _, own := range []error{ErrWrongCertificate, errValidity, errChain, errNotHTTP2} {
		if errors.Is(err, own) {
			return own
		}
	}
	switch {
	case isAlert(err, alertBadCertificate), isAlert(err, alertNoCertificate):
		return ErrNotKnown
	case isAlert(err, alertProtocolVersion):
		return errTLSVersion
	case errors.As(err, &tls.RecordHeaderError{}):
		return errNotTLS
	}
	return nil
}

// isAlert reports whether the other end sent this alert. Its type is not
// exported, but its text is the same as AlertError's.
func isAlert(err error, a tls.AlertError) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error" && op.Err.Error() == a.Error()
}
