package peer

import (
	"context"
	"net/http"
	"regexp"

	"github.com/labstack/echo/v4"
)

const (
	headsPath         = "/peer/v1/records/heads"
	countersignedPath = "/peer/v1/records/countersigned"
)

// Limits of the calls on records.
const (
	maxCheckpoint = 4 << 10 // bytes of a signed checkpoint
	maxHashes     = 128     // of one proof
	maxSizes      = 8       // sizes asked about in one call
	maxTold       = 16      // other members' heads in one answer
	maxEntryLine  = 16 << 10
)

// Heads shows the caller's audit log to a partner and asks for the partner's:
// the checkpoint in force, and proofs that it goes on from what each
// countersigned last. Sizes are numbers of entries, hashes 32 bytes.
type Heads struct {
	Protocol   string `json:"protocol"`
	Checkpoint []byte `json:"checkpoint"` // signed by the caller
	// Since is the size of the caller's log that the other node countersigned
	// last, 0 for none; Root the caller's root at that size, and Proof shows it
	// under Checkpoint.
	Since int64    `json:"since"`
	Root  []byte   `json:"root,omitempty"`
	Proof [][]byte `json:"proof,omitempty"`
	// Sizes are those of the other node's log at which the caller knows a head,
	// the one that it countersigned last first.
	Sizes []int64 `json:"sizes,omitempty"`
	// Entry is the index of an entry of the other node's log whose inclusion is
	// to be shown, plus 1; 0 for none.
	Entry int64 `json:"entry,omitempty"`
}

// HeadsAnswer is the other node's answer.
type HeadsAnswer struct {
	// Refused is "" or why the caller's checkpoint was not countersigned: behind
	// (Since is not the size that was, which Yours shows) or conflict (the log
	// is not a continuation of Yours).
	Refused string `json:"refused,omitempty"`
	// Yours is the caller's checkpoint with the other node's cosignature: the
	// one that was sent or, with Refused, the last that was countersigned.
	Yours []byte `json:"yours,omitempty"`
	// Checkpoint is the other node's own, and Past shows what its log was at
	// each of the Sizes that are not above it.
	Checkpoint []byte     `json:"checkpoint"`
	Past       []PastHead `json:"past,omitempty"`
	Entry      [][]byte   `json:"entry,omitempty"` // proof of inclusion
	// Ticket lets the caller offer one run: 32 hex digits. "" with Refused.
	Ticket string `json:"ticket,omitempty"`
	// Told are heads of other members' logs that the other node holds.
	Told []ToldHead `json:"told,omitempty"`
}

// PastHead is what a log was at a smaller size.
type PastHead struct {
	Size  int64    `json:"size"`
	Root  []byte   `json:"root"`
	Proof [][]byte `json:"proof,omitempty"` // empty at the checkpoint's own size
}

// ToldHead is a member's head as the other node holds it.
type ToldHead struct {
	Key        string `json:"key"` // the member's identity key, base64
	Checkpoint []byte `json:"checkpoint"`
}

// Countersigned gives the other node its checkpoint back with the caller's
// cosignature.
type Countersigned struct {
	Checkpoint []byte `json:"checkpoint"`
}

// Record shows that a node's audit log has the entry of its part in a run.
type Record struct {
	Index      int64    `json:"index"`
	Entry      []byte   `json:"entry"` // the line
	Proof      [][]byte `json:"proof,omitempty"`
	Checkpoint []byte   `json:"checkpoint"`
}

// Reasons of HeadsAnswer.Refused.
const (
	HeadsBehind   = "behind"
	HeadsConflict = "conflict"
)

var ticketPattern = regexp.MustCompile(`^[0-9a-f]{32}$`)

func hashes(p [][]byte) bool {
	for _, h := range p {
		if len(h) != 32 {
			return false
		}
	}
	return len(p) <= maxHashes
}

func checkpointFits(b []byte) bool { return len(b) > 0 && len(b) <= maxCheckpoint }

func (h *Heads) fits() bool {
	for _, s := range h.Sizes {
		if s < 1 {
			return false
		}
	}
	return checkpointFits(h.Checkpoint) && h.Since >= 0 && h.Entry >= 0 && hashes(h.Proof) && len(h.Sizes) <= maxSizes &&
		(len(h.Root) == 32 || len(h.Root) == 0 && h.Since == 0)
}

func (a *HeadsAnswer) fits() bool {
	for _, p := range a.Past {
		if p.Size < 1 || len(p.Root) != 32 || !hashes(p.Proof) {
			return false
		}
	}
	for _, t := range a.Told {
		if len(t.Key) > 64 || !checkpointFits(t.Checkpoint) {
			return false
		}
	}
	if a.Refused != "" && a.Refused != HeadsBehind && a.Refused != HeadsConflict {
		return false
	}
	return checkpointFits(a.Yours) && checkpointFits(a.Checkpoint) && len(a.Past) <= maxSizes && hashes(a.Entry) && len(a.Told) <= maxTold &&
		(ticketPattern.MatchString(a.Ticket) || a.Ticket == "" && a.Refused != "")
}

// Fits reports whether a record may be looked at more closely.
func (r *Record) Fits() bool {
	return r != nil && r.Index >= 0 && len(r.Entry) > 0 && len(r.Entry) <= maxEntryLine && hashes(r.Proof) && checkpointFits(r.Checkpoint)
}

// Heads exchanges heads. Showing the same again is harmless, but it is not
// repeated: what it is for is tried again as a whole.
func (c *Client) Heads(ctx context.Context, in Heads) (*HeadsAnswer, error) {
	var a HeadsAnswer
	in.Protocol = Protocol
	r, err := postJSON(headsPath, in, &a)
	if err != nil {
		return nil, err
	}
	if _, err := c.call(ctx, r); err != nil {
		return nil, err
	}
	if !a.fits() || len(a.Past) > len(in.Sizes) {
		return nil, c.misunderstood()
	}
	return &a, nil
}

// Countersigned gives a cosignature on the other node's checkpoint.
func (c *Client) Countersigned(ctx context.Context, in Countersigned) error {
	r, err := postJSON(countersignedPath, in, nil)
	if err != nil {
		return err
	}
	_, err = c.call(ctx, r)
	return err
}

func (s *Server) heads(c echo.Context) error {
	var in Heads
	if err := decode(c, &in); err != nil {
		return err
	}
	if in.Protocol != Protocol {
		return refuse(http.StatusBadRequest, RefusedProtocol)
	}
	if !in.fits() {
		return malformed("a checkpoint, size or proof is malformed")
	}
	a, err := s.cfg.Service.Heads(c.Request().Context(), caller(c), in)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, a)
}

func (s *Server) countersigned(c echo.Context) error {
	var in Countersigned
	if err := decode(c, &in); err != nil {
		return err
	}
	if !checkpointFits(in.Checkpoint) {
		return malformed("the checkpoint is malformed")
	}
	if err := s.cfg.Service.Countersigned(c.Request().Context(), caller(c), in); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
