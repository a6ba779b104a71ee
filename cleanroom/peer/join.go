package peer

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"parley/agreements"
)

// JoinProtocol names this version of joining. It is also the ALPN of the
// connections on which it is spoken, and the only thing spoken there.
const JoinProtocol = "parley-join/1"

// Limits of one joining. Callers are strangers until their proof was checked.
const (
	maxJoin  = 8 << 10          // bytes of a message
	joinTime = 10 * time.Second // for all of it, after the handshake
)

// JoinHello is the joiner's first message: who it is, and that it holds the
// invitation. See package invitation for the proofs.
type JoinHello struct {
	Protocol   string            `json:"protocol"`
	Invitation string            `json:"invitation"` // 32 hex digits
	Card       agreements.Member `json:"card"`
	Proof      []byte            `json:"proof"`     // 32 bytes
	Signature  []byte            `json:"signature"` // by the card's identity key
}

// JoinWelcome is the inviter's answer. Refused is set alone, and says no more.
type JoinWelcome struct {
	Refused   bool               `json:"refused,omitempty"`
	Card      *agreements.Member `json:"card,omitempty"`
	Proof     []byte             `json:"proof,omitempty"`
	Signature []byte             `json:"signature,omitempty"`
}

// JoinDone says that the joiner has the inviter's card.
type JoinDone struct {
	Proof []byte `json:"proof"`
}

// JoinEnd is the last message: whether the joiner is a partner now.
type JoinEnd struct {
	Joined bool `json:"joined"`
}

// JoinScene is what the connection itself proves.
type JoinScene struct {
	Fingerprint string   // of the TLS key that the other end holds
	Binding     [32]byte // tls-exporter, RFC 9266
}

// Host is the node that invited. Every error is told to the caller as one and
// the same refusal; only the Host's own log says more.
type Host interface {
	// Inviting reports whether an invitation can be used now. While none can,
	// joining is not spoken at all. It is asked in handshakes of strangers.
	Inviting() bool
	// Welcome judges the hello and answers it. Nothing has changed after it.
	Welcome(ctx context.Context, s JoinScene, h *JoinHello) (*JoinWelcome, error)
	// Admit judges all of it once more and makes the joiner a partner.
	Admit(ctx context.Context, s JoinScene, h *JoinHello, d *JoinDone) error
}

// host answers one joiner on a connection past its handshake. What it returns
// is for the own log and holds nothing that the caller sent.
func host(c *tls.Conn, h Host) error {
	ctx, stop := context.WithTimeout(context.Background(), joinTime)
	defer stop()
	c.SetDeadline(time.Now().Add(joinTime))
	scene, err := sceneOf(c)
	if err != nil {
		return err
	}
	var hello JoinHello
	var welcome *JoinWelcome
	if err = readMessage(c, &hello); err == nil {
		welcome, err = h.Welcome(ctx, scene, &hello)
	}
	if err != nil {
		return errors.Join(err, writeMessage(c, JoinWelcome{Refused: true}))
	}
	if err := writeMessage(c, welcome); err != nil {
		return err
	}
	var done JoinDone
	if err = readMessage(c, &done); err == nil {
		err = h.Admit(ctx, scene, &hello, &done)
	}
	return errors.Join(err, writeMessage(c, JoinEnd{Joined: err == nil}))
}

// joinReason is what may stand in the own log: the Host's own words, or that
// the caller did not speak the protocol.
func joinReason(err error) error {
	var own *NotAdmitted
	if errors.As(err, &own) {
		return own
	}
	return errMessage
}

// NotAdmitted is a Host's refusal, in words for its own log.
type NotAdmitted struct{ Why string }

func (n *NotAdmitted) Error() string { return n.Why }

// Guest is the node that was invited.
type Guest interface {
	Hello(s JoinScene) (*JoinHello, error)
	// Done judges the inviter's answer; with an error the joining ends there.
	Done(s JoinScene, h *JoinHello, w *JoinWelcome) (*JoinDone, error)
}

// ErrJoinRefused is all that a joiner learns of a refusal.
var ErrJoinRefused = errors.New("the other node did not accept the invitation: it was used, was withdrawn or has run out, or your organisation's name is too much like another's there. Ask your partner, whose log says which, for a new one")

// Join uses an invitation: it dials the node with the invitation's fingerprint
// and introduces itself. cfg.Patience is not used: nothing is repeated.
func Join(ctx context.Context, cfg ClientConfig, g Guest) error {
	c := NewClient(cfg)
	defer c.Close()
	if err := c.ready(); err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(ctx, 2*joinTime)
	defer stop()
	d := tls.Dialer{NetDialer: dialer(cfg.AllowLoopback), Config: clientTLSFor(cfg.Certificate, cfg.Fingerprint, JoinProtocol, cfg.Now)}
	plain, err := d.DialContext(ctx, "tcp", cfg.Address)
	if err != nil {
		return c.joinFailure(ctx, err)
	}
	conn := plain.(*tls.Conn)
	defer conn.Close()
	end, _ := ctx.Deadline()
	conn.SetDeadline(end)
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Now()) })()
	return c.joinFailure(ctx, introduce(conn, g))
}

// final words of a joining are not wrapped: they are sentences of our own.
type final struct{ error }

func introduce(conn *tls.Conn, g Guest) error {
	scene, err := sceneOf(conn)
	if err != nil {
		return err
	}
	hello, err := g.Hello(scene)
	if err != nil {
		return final{err}
	}
	if err := writeMessage(conn, hello); err != nil {
		return err
	}
	var welcome JoinWelcome
	if err := readMessage(conn, &welcome); err != nil {
		return err
	}
	if welcome.Refused || welcome.Card == nil {
		return final{ErrJoinRefused}
	}
	done, err := g.Done(scene, hello, &welcome)
	if err != nil {
		return final{err}
	}
	if err := writeMessage(conn, done); err != nil {
		return err
	}
	var end JoinEnd
	if err := readMessage(conn, &end); err != nil {
		return err
	}
	if !end.Joined {
		return final{ErrJoinRefused}
	}
	return nil
}

// joinFailure says in our own words why joining failed.
func (c *Client) joinFailure(ctx context.Context, err error) error {
	var own final
	var op *net.OpError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return own.error
	case errors.Is(err, errMessage):
		return fmt.Errorf("node at %s sent an answer this version does not understand", c.cfg.Address)
	case errors.Is(err, ErrWrongCertificate):
		return fmt.Errorf("the node at %s is not the one that made the invitation: its key is another. Either the invitation is old, or someone stands between you and your partner", c.cfg.Address)
	case isAlert(err, alertNoProtocol):
		return ErrJoinRefused // it has no invitation open at all
	case errors.As(err, &op) && op.Op == "remote error":
		return ErrJoinRefused
	}
	if errors.Is(err, errAddress) || handshakeReason(err) != nil || ctx.Err() != nil {
		return c.failure(ctx, err)
	}
	switch {
	case errors.As(err, &op) && op.Op == "dial":
		return c.unreachable(op)
	case isTimeout(err):
		return c.unreachable(errSilent)
	}
	return c.unreachable(errCut)
}

// sceneOf reads what the connection proves. Exporters of TLS 1.3 are bound to
// the whole handshake, both certificates included.
func sceneOf(c *tls.Conn) (JoinScene, error) {
	s := c.ConnectionState()
	b, err := s.ExportKeyingMaterial("EXPORTER-Channel-Binding", nil, 32)
	if err != nil {
		return JoinScene{}, err
	}
	return JoinScene{Fingerprint: fingerprint(s.PeerCertificates[0]), Binding: [32]byte(b)}, nil
}

var errMessage = errors.New("not a message of joining")

// A message is its length as four big-endian bytes and then one JSON object.
func readMessage(r io.Reader, v any) error {
	var n [4]byte
	if _, err := io.ReadFull(r, n[:]); err != nil {
		return err
	}
	size := binary.BigEndian.Uint32(n[:])
	if size < 2 || size > maxJoin {
		return errMessage
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(r, b); err != nil {
		return err
	}
	if strictJSON(b, v) != nil {
		return errMessage
	}
	return nil
}

func writeMessage(w io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(b) > maxJoin {
		return errMessage
	}
	var out bytes.Buffer
	binary.Write(&out, binary.BigEndian, uint32(len(b))) // a buffer does not fail
	out.Write(b)
	_, err = w.Write(out.Bytes())
	return err
}
