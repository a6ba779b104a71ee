package peer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"
)

// Ways in which no answer comes. Errors of the HTTP library are put into these
// words, because theirs may quote what the other node sent.
var (
	errRedirect = errors.New("the other node tried to redirect the call")
	errCut      = errors.New("the connection was cut")
	errSilent   = errors.New("no answer came in time")
)

// Unreachable wraps a failure to get any answer from the other node.
type Unreachable struct {
	Member, Address string
	Err             error
}

func (u *Unreachable) Error() string {
	if u.Address == "" {
		return fmt.Sprintf("node of %s does not answer: %v", u.Member, u.Err)
	}
	return fmt.Sprintf("node of %s at %s does not answer: %v", u.Member, u.Address, u.Err)
}

func (u *Unreachable) Unwrap() error { return u.Err }

// retryable is true of failures that time may heal.
func retryable(err error) bool {
	var u *Unreachable
	return errors.As(err, &u)
}

// timedOut is a plain deadline of this call, nobody's reason to end the run.
type timedOut struct{ error }

func (t timedOut) Unwrap() error { return context.DeadlineExceeded }

// failure says in our own words why a call got no answer. A context that was
// cancelled for a reason gives that reason.
func (c *Client) failure(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		if cause := context.Cause(ctx); cause != context.DeadlineExceeded {
			return cause
		}
		return c.unreachable(timedOut{errSilent})
	}
	switch {
	case errors.Is(err, errRedirect):
		return c.final(errRedirect)
	case errors.Is(err, errAddress):
		var refused *refusedAddress
		errors.As(err, &refused)
		return c.final(refused)
	case errors.Is(err, ErrWrongCertificate):
		return c.final(wrongCertificate(err))
	case handshakeReason(err) != nil:
		return c.final(handshakeReason(err))
	case errors.Is(err, errNotConnected):
		return c.unreachable(errNotConnected)
	}
	var op *net.OpError
	switch {
	case errors.As(err, &op) && op.Op == "dial":
		return c.unreachable(op)
	case isTimeout(err):
		return c.unreachable(errSilent)
	}
	if c.cfg.Reverse != nil {
		return c.unreachable(errCut)
	}
	if reason := c.probe(ctx); reason != nil {
		return c.final(reason)
	}
	return c.unreachable(errCut)
}

// probe finds out whether the other node refuses us. In TLS 1.3 a client has
// finished its handshake before the server judges its certificate, and the
// HTTP library may drop the alert that arrives then. So after a cut connection
// one more is made, on which nothing is sent and only the verdict is read; an
// accepting node speaks first. probe returns nil if it is not refused.
func (c *Client) probe(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, 2*time.Second)
	defer stop()
	d := tls.Dialer{NetDialer: dialer(c.cfg.AllowLoopback), Config: clientTLS(c.cfg.Certificate, c.cfg.Fingerprint, c.cfg.Now)}
	conn, err := d.DialContext(ctx, "tcp", c.cfg.Address)
	if err == nil {
		defer conn.Close()
		conn.SetReadDeadline(time.Now().Add(2 * time.Second))
		_, err = conn.Read(make([]byte, 1))
	}
	if err == nil {
		return nil
	}
	return handshakeReason(err)
}

func (c *Client) unreachable(err error) error {
	return &Unreachable{Member: c.cfg.Member, Address: c.cfg.Address, Err: err}
}

// final is a failure that repeating the call would not heal.
func (c *Client) final(err error) error {
	if c.cfg.Address == "" {
		return fmt.Errorf("node of %s: %w", c.cfg.Member, err)
	}
	return fmt.Errorf("node of %s at %s: %w", c.cfg.Member, c.cfg.Address, err)
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

// wrongCertificate finds the sentence with both fingerprints in it.
func wrongCertificate(err error) error {
	for e := err; e != nil; e = errors.Unwrap(e) {
		if errors.Unwrap(e) == ErrWrongCertificate {
			return e
		}
	}
	return ErrWrongCertificate
}
