package cleanroom

import (
	"context"
	"errors"
	"time"

	"parley/cleanroom/peer"
	"parley/cleanroom/store"
)

// watchEvery is how often a node asks its partner whether it is still there.
const watchEvery = time.Second

// watch ends a run when the other node is gone, does not know the run any
// more, or has ended it. Without it a node whose partner was killed would
// wait for a message that never comes.
func (n *Node) watch(ctx context.Context, r *Run, c *peer.Client) {
	lastSeen := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(watchEvery):
		}
		call, stop := context.WithTimeout(ctx, n.cfg.PeerPatience)
		st, err := c.Status(call, r.ID)
		stop()
		var gone *peer.Unreachable
		switch {
		case err == nil:
			lastSeen = time.Now()
			if cause := endedThere(st); cause != nil {
				r.cancel(cause)
				return
			}
		case peer.IsProblem(err, peer.RefusedUnknown):
			r.cancel(ErrPeerForgot)
			return
		case time.Since(lastSeen) > n.cfg.PeerPatience && ctx.Err() == nil:
			if errors.As(err, &gone) {
				err = gone
			}
			r.cancel(err)
			return
		}
	}
}

func endedThere(st *peer.Status) error {
	if state := store.RunState(st.State); state.Final() && state != store.Success && st.Reason == peer.RefusedAgreement {
		return ErrPeerNotInForce
	}
	switch store.RunState(st.State) {
	case store.Cancelled, store.Cancelling:
		return ErrPeerCancelled
	case store.Failed, store.TimedOut:
		switch st.Reason {
		case peer.RefusedLimit:
			return ErrPeerLimit
		case peer.RefusedClose:
			return ErrPeerTooClose
		}
		return ErrPeerFailed
	}
	return nil
}

// tell informs the other node that the run has ended here, so that it need
// not find out by asking. It is a courtesy: nothing depends on it.
func (n *Node) tell(r *Run, c *peer.Client) {
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Second)
	defer stop()
	if err := c.Cancel(ctx, r.ID); err != nil {
		n.log.Debug("tell the other node", "run", r.ID, "error", err)
	}
}
