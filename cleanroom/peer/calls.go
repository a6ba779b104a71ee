package peer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"parley/crypto/wire"
)

const runs = "/peer/v1/runs"

// Offer proposes a run. It is not repeated: the second would be another run.
func (c *Client) Offer(ctx context.Context, o Offer) (*Accept, error) {
	var a Accept
	r, err := postJSON(runs, o, &a)
	if err != nil {
		return nil, err
	}
	if _, err := c.call(ctx, r); err != nil {
		return nil, err
	}
	if !digestPattern.MatchString(a.PlanHash) || !digestPattern.MatchString(a.Nonce) {
		return nil, c.misunderstood()
	}
	return &a, nil
}

// Status asks how a run stands at the other node. The fields are the other
// node's words: compare them, do not show them.
func (c *Client) Status(ctx context.Context, run string) (*Status, error) {
	var s Status
	if _, err := c.call(ctx, request{method: http.MethodGet, path: runs + "/" + run, out: &s, limit: maxSmall}); err != nil {
		return nil, err
	}
	return &s, nil
}

// Cancel tells the other node that the run ends.
func (c *Client) Cancel(ctx context.Context, run string) error {
	_, err := c.call(ctx, request{method: http.MethodDelete, path: runs + "/" + run, limit: maxSmall})
	return err
}

// Answer waits for the answer of a one-owner question.
func (c *Client) Answer(ctx context.Context, run string) (*Answer, error) {
	for {
		var a Answer
		began := time.Now()
		status, err := c.persist(ctx, request{method: http.MethodGet, path: runs + "/" + run + "/answer",
			out: &a, limit: maxAnswer, mayWait: true})
		if err != nil {
			return nil, err
		}
		if status == http.StatusOK {
			return &a, nil
		}
		// A node that does not wait before it says "not yet" is not asked
		// more than once a second.
		if err := pause(ctx, time.Second-time.Since(began)); err != nil {
			return nil, err
		}
	}
}

// Cosign has the other node sign a receipt. Signing the same receipt again is
// harmless, so it is repeated.
func (c *Client) Cosign(ctx context.Context, run string, in Cosign) (*Cosigned, error) {
	var out Cosigned
	r, err := postJSON(runs+"/"+run+"/receipt", in, &out)
	if err != nil {
		return nil, err
	}
	if _, err := c.persist(ctx, r); err != nil {
		return nil, err
	}
	return &out, nil
}

// Contracts asks for the terms of the datasets that the other node offers to
// this one. They are the other node's words: check them.
func (c *Client) Contracts(ctx context.Context) (*Contracts, error) {
	var out Contracts
	_, err := c.persist(ctx, request{method: http.MethodGet, path: "/peer/v1/contracts", out: &out, limit: maxSmall})
	if err != nil {
		return nil, err
	}
	return &out, nil
}

// stored asks how many chunks of a message the other node has, counted from
// the first to before the first gap. of is the number the message has.
func (c *Client) stored(ctx context.Context, run string, step wire.Step, of int) (int, error) {
	var s Stored
	q := url.Values{"step": {string(step)}}
	_, err := c.persist(ctx, request{method: http.MethodGet, path: runs + "/" + run + "/messages?" + q.Encode(), out: &s, limit: maxSmall})
	if err != nil {
		return 0, err
	}
	if s.Chunks < 0 || s.Chunks > of {
		return 0, c.misunderstood()
	}
	return s.Chunks, nil
}

// put sends one chunk, again and again while the other node does not answer.
// The bytes are the same each time, so a repeat is harmless.
func (c *Client) put(ctx context.Context, run string, step wire.Step, index int, body []byte) error {
	digest := sha256.Sum256(body)
	q := url.Values{"step": {string(step)}, "chunk": {strconv.Itoa(index)}}
	_, err := c.persist(ctx, request{
		method: http.MethodPut,
		path:   runs + "/" + run + "/messages?" + q.Encode(),
		header: http.Header{
			digestHeader:   {hex.EncodeToString(digest[:])},
			"Content-Type": {"application/octet-stream"},
		},
		body:  body,
		limit: maxSmall,
	})
	return err
}
