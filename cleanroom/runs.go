package cleanroom

import (
	"context"
	"errors"
	"time"

	"parley/cleanroom/store"
)

// Look returns a run, whether of this process or of an earlier one.
func (n *Node) Look(ctx context.Context, id string) (*View, error) {
	if r := n.live(id); r != nil && !n.bygone(r) {
		v := r.look()
		return &v, nil
	}
	row, err := n.store.Run(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrNoRun
	}
	if err != nil {
		return nil, err
	}
	return n.opened(ctx, row)
}

// bygone reports a run that ended a while ago: the store says then what is left
// of it.
func (n *Node) bygone(r *Run) bool {
	ended := r.ended()
	return !ended.IsZero() && n.now().Sub(ended) > keepEnded
}

// Runs lists the latest runs, newest first.
func (n *Node) Runs(ctx context.Context, limit int) ([]*View, error) {
	rows, err := n.store.Runs(ctx, limit, "")
	if err != nil {
		return nil, err
	}
	out := make([]*View, len(rows))
	for i, row := range rows {
		out[i] = stored(row)
		out[i].Receipt = nil
	}
	return out, nil
}

func stored(row store.Run) *View {
	v := &View{ID: row.ID, Agreement: row.Agreement, Asker: row.Asker, Question: row.Question, PlanHash: row.PlanHash, StoredFrom: row.StoredFrom,
		State: row.State, Created: row.Created, Error: row.Error, Ended: row.State.Final(), Receipt: row.Receipt, ReceiptHash: row.ReceiptHash}
	if !row.Removed.IsZero() {
		v.Removed = &row.Removed
	}
	if !row.Finished.IsZero() {
		v.Finished = &row.Finished
	}
	return v
}

// Wait returns the run once it has changed since the given view was taken.
func (n *Node) Wait(ctx context.Context, id string, since <-chan struct{}) (View, <-chan struct{}, error) {
	r := n.live(id)
	if r == nil {
		v, err := n.Look(ctx, id)
		if err != nil {
			return View{}, nil, err
		}
		return *v, nil, nil
	}
	if since != nil {
		select {
		case <-since:
		case <-ctx.Done():
			return View{}, nil, ctx.Err()
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.snapshot(), r.changed, nil
}

func (r *Run) look() View {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.snapshot()
}

func (r *Run) snapshot() View {
	v := r.view
	v.Stages = append([]Stage(nil), v.Stages...)
	return v
}

// aligns reports whether the run works, or worked, on an alignment.
func (r *Run) aligns(job string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.job != "" && r.job == job
}

// keepsAlignment reports whether the run left an alignment to be taken up.
func (r *Run) keepsAlignment() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.kept
}

// ended is the zero time while the run goes on.
func (r *Run) ended() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.over
}

func (r *Run) set(fn func(*View)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fn(&r.view)
	r.notify()
}

// notify wakes whoever waits for a change; mu is held.
func (r *Run) notify() {
	close(r.changed)
	r.changed = make(chan struct{})
}
