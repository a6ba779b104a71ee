package peer

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"time"

	"github.com/labstack/echo/v4"
)

// Paths of the calls about agreements, as they stand in a node's outbox.
const (
	PathProposal = "/peer/v1/negotiations"
	PathEnd      = "/peer/v1/negotiations/end"
	PathSigned   = "/peer/v1/agreements"
	PathNotice   = "/peer/v1/notices"
	pathHave     = "/peer/v1/have"
)

// maxAgreementCall bounds a call that carries an agreement: its envelope has at
// most 1 MiB.
const maxAgreementCall = 1<<20 + 64<<10

// maxItems bounds a list of what a node has of another's.
const maxItems = 5000

// Proposal lays a version of an agreement on the table.
type Proposal struct {
	Protocol    string          `json:"protocol"`
	Negotiation string          `json:"negotiation"` // 32 hex digits, chosen by who opens it
	Number      int             `json:"number"`      // of the version, from 1
	Message     string          `json:"message,omitempty"`
	Time        time.Time       `json:"time"`
	Envelope    json.RawMessage `json:"envelope"` // the agreement, without signatures
}

// Signed brings an agreement with the sender's signature, and those of others
// that it has.
type Signed struct {
	Protocol string          `json:"protocol"`
	Envelope json.RawMessage `json:"envelope"`
}

// Ended says that the sender has ended a negotiation.
type Ended struct {
	Protocol    string `json:"protocol"`
	Negotiation string `json:"negotiation"`
	Reason      string `json:"reason"`
}

// Noticed brings a signed notice.
type Noticed struct {
	Protocol string          `json:"protocol"`
	Notice   json.RawMessage `json:"notice"`
}

// Have lists what a node has received from the other: names of items, the same
// at both. What is missing in it is sent again.
type Have struct {
	Protocol string   `json:"protocol"`
	Items    []string `json:"items"`
}

// Negotiator is the part of a Service that talks about agreements. Every method
// judges the caller anew; all may be repeated.
type Negotiator interface {
	Proposed(ctx context.Context, from string, p Proposal) error
	SignedBy(ctx context.Context, from string, s Signed) error
	EndedBy(ctx context.Context, from string, e Ended) error
	NoticedBy(ctx context.Context, from string, n Noticed) error
	// Has takes the caller's list, sees to it that what is missing is sent, and
	// returns this node's own.
	Has(ctx context.Context, from string, h Have) (*Have, error)
}

// Tell makes one call about an agreement; body is its JSON. The other node's
// refusal is a *Problem.
func (c *Client) Tell(ctx context.Context, path string, body []byte) error {
	_, err := c.call(ctx, request{method: http.MethodPost, path: path, header: jsonHeader, body: body, limit: maxSmall})
	return err
}

// Have tells the other node what this one has of it, and returns what the other
// has of this one.
func (c *Client) Have(ctx context.Context, items []string) (*Have, error) {
	out := &Have{}
	r, err := postJSON(pathHave, Have{Protocol: Protocol, Items: items}, out)
	if err != nil {
		return nil, err
	}
	if _, err := c.call(ctx, r); err != nil {
		return nil, err
	}
	if len(out.Items) > maxItems {
		return nil, c.misunderstood()
	}
	return out, nil
}

// itemPattern is what an item is called.
var itemPattern = regexp.MustCompile(`^[a-z]+(/[A-Za-z0-9:._ -]{1,80}){1,3}$`)

func isItem(s string) bool { return len(s) <= 256 && itemPattern.MatchString(s) }

// agreementRoutes serves the calls of Negotiator.
func (s *Server) agreementRoutes(e *echo.Echo) {
	post := func(path string, serve echo.HandlerFunc) { e.POST(path, s.queued(s.calls, serve)) }
	post(PathProposal, func(c echo.Context) error {
		var in Proposal
		if err := decodeUpTo(c, &in, maxAgreementCall, &in.Protocol); err != nil {
			return err
		}
		if !runPattern.MatchString(in.Negotiation) || in.Number < 1 || in.Number > 1<<20 {
			return malformed("the negotiation's id or the version's number is malformed")
		}
		return told(c, s.cfg.Service.Proposed(c.Request().Context(), caller(c), in))
	})
	post(PathSigned, func(c echo.Context) error {
		var in Signed
		if err := decodeUpTo(c, &in, maxAgreementCall, &in.Protocol); err != nil {
			return err
		}
		return told(c, s.cfg.Service.SignedBy(c.Request().Context(), caller(c), in))
	})
	post(PathEnd, func(c echo.Context) error {
		var in Ended
		if err := decodeUpTo(c, &in, 16<<10, &in.Protocol); err != nil {
			return err
		}
		if !runPattern.MatchString(in.Negotiation) {
			return malformed("the negotiation's id is malformed")
		}
		return told(c, s.cfg.Service.EndedBy(c.Request().Context(), caller(c), in))
	})
	post(PathNotice, func(c echo.Context) error {
		var in Noticed
		if err := decodeUpTo(c, &in, 32<<10, &in.Protocol); err != nil {
			return err
		}
		return told(c, s.cfg.Service.NoticedBy(c.Request().Context(), caller(c), in))
	})
	post(pathHave, func(c echo.Context) error {
		var in Have
		if err := decodeUpTo(c, &in, maxJSON, &in.Protocol); err != nil {
			return err
		}
		if len(in.Items) > maxItems {
			return malformed("the list is too long")
		}
		for _, item := range in.Items {
			if !isItem(item) {
				return malformed("an item of the list is malformed")
			}
		}
		out, err := s.cfg.Service.Has(c.Request().Context(), caller(c), in)
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, out)
	})
}

func told(c echo.Context, err error) error {
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// decodeUpTo reads a JSON body of a bounded size, of this protocol.
func decodeUpTo(c echo.Context, v any, most int64, protocol *string) error {
	if err := decodeAtMost(c, v, most); err != nil {
		return err
	}
	if *protocol != Protocol {
		return refuse(http.StatusBadRequest, RefusedProtocol)
	}
	return nil
}
